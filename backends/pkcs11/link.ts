import { connect, type Socket } from 'node:net';
import { createFrameReader, encodeFrame, type Frame } from './frames.ts';
import type { AnswerHead, RequestHead } from './requests.ts';
import { TokenFault } from './rv.ts';

/** Requests on their way to the token's process, of one process of ours: far more than any store lets through. */
const MAX_IN_FLIGHT = 1_024;

export interface Reply {
  readonly head: AnswerHead;
  /** The caller's to wipe. */
  readonly parts: readonly Buffer[];
}

export type Ask = Omit<RequestHead, 'id'> & { readonly options?: unknown };

/** The connection is gone, and with it what was asked. */
export class ProcessEnded extends TokenFault {
  constructor() {
    super('unavailable', 'the process of the HSM module has ended');
  }
}

/** A connection to the token's process. */
export interface Link {
  /** Rejects with `TokenFault`: what the process says, `unavailable` after the limit or when the connection ends. */
  ask(request: Ask, parts?: readonly Buffer[]): Promise<Reply>;
  close(): void;
}

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (fault: TokenFault) => void;
  readonly timer: NodeJS.Timeout;
}

/** Rejects with the error of the socket: `ENOENT` and `ECONNREFUSED` mean that nobody is there. */
export function connectSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

export function createLink(socket: Socket, onEnd: () => void): Link {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  const settle = (frame: Frame): void => {
    const head = frame.head as unknown as AnswerHead;
    const asked = pending.get(head.id);
    // Answered too late: somebody has given up on it.
    if (asked === undefined) return void frame.bytes.fill(0);
    pending.delete(head.id);
    clearTimeout(asked.timer);
    deliver(asked, head, frame);
    if (pending.size === 0) socket.unref();
  };
  const read = createFrameReader(settle);
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    const fault = new ProcessEnded();
    for (const { reject, timer } of pending.values()) {
      clearTimeout(timer);
      reject(fault);
    }
    pending.clear();
    onEnd();
  });
  // An idle connection keeps no process alive that has nothing else to do.
  socket.unref();
  return {
    close: () => socket.destroy(),
    ask: (request, parts = []) => {
      if (socket.destroyed) throw new ProcessEnded();
      if (pending.size >= MAX_IN_FLIGHT)
        throw new TokenFault('overloaded', `${pending.size} requests are on their way to the token`);
      lastId += 1;
      const id = lastId;
      socket.ref();
      const bytes = encodeFrame({ ...request, id }, parts);
      socket.write(bytes, () => bytes.fill(0));
      return new Promise((resolve, reject) => {
        const late = (): void => {
          pending.delete(id);
          if (pending.size === 0) socket.unref();
          reject(
            new TokenFault('unavailable', `no answer to ${request.op} within ${request.limit} ms`, {
              repair: 'reset',
            }),
          );
        };
        pending.set(id, { resolve, reject, timer: setTimeout(late, request.limit) });
      });
    },
  };
}

/** Copies the parts out, so that what came from the socket can be wiped. */
function deliver({ resolve, reject }: Pending, head: AnswerHead, frame: Frame): void {
  const { fault } = head;
  if (fault === undefined) resolve({ head, parts: frame.parts.map(ownCopy) });
  else reject(new TokenFault(fault.kind, fault.detail));
  frame.bytes.fill(0);
}

function ownCopy(part: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(part.length);
  part.copy(own);
  return own;
}
