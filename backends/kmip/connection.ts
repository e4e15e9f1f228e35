import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { StoreRejected } from '../../src/errors.ts';
import { createFrameReader, type FrameReader } from './frames.ts';
import type { TlsIdentity } from './identity.ts';
import { BrokenLink, linkFailure } from './link-failure.ts';
import type { Server } from './options.ts';

/** Firewalls forget connections on which nothing is said; a probe each half a minute keeps them in mind. */
const KEEP_ALIVE_MS = 30_000;

export interface ConnectionOptions {
  readonly server: Server;
  readonly identity: TlsIdentity;
  /** For name look-up, TCP and TLS together. */
  readonly connectMs: number;
  readonly maxMessageBytes: number;
  /** The server and the store, for errors. */
  readonly place: string;
}

/** A connection to one server. Anything that goes wrong on it ends it: nobody knows what would come next. */
export interface Connection {
  /**
   * One request, one response; never two at once. The caller wipes the response. Rejects with `BrokenLink`,
   * `StoreMisconfigured` (TLS 1.3 tells only now what it thinks of our certificate) or `StoreRejected`.
   */
  exchange(request: Buffer, timeoutMs: number): Promise<Buffer>;
  isOpen(): boolean;
  /** Calls back once, when the connection has ended, whoever ended it. */
  onEnd(listener: () => void): void;
  /** When the server's certificate expires, in milliseconds since 1970; undefined where it shows none. */
  readonly peerUntilMs: number | undefined;
  close(): void;
}

/** Rejects with `StoreUnavailable` or `StoreMisconfigured`. No TLS session is ever resumed: some servers fail on them. */
export function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { server, identity, connectMs, place } = options;
  identity.requireValid();
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.host,
      port: server.port,
      secureContext: identity.context,
      ...serverName(server, identity),
    });
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const late = (): void =>
      fail(new BrokenLink(`${place} did not let us connect within ${connectMs} ms`, { wasSilent: true }));
    const timer = setTimeout(late, connectMs);
    const broken = (cause: Error): void => fail(linkFailure(place, cause, true));
    const ended = (): void =>
      fail(new BrokenLink(`${place} hung up before TLS was set up`, { wasSilent: true }));
    socket.once('error', broken).once('close', ended);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', broken).off('close', ended);
      resolve(createConnection(socket, options));
    });
  });
}

/** SNI carries names only (RFC 6066 section 3); an address is still compared with the certificate. */
function serverName({ host }: Server, { servername }: TlsIdentity): { servername?: string } {
  const name = servername ?? host;
  return isIP(name) === 0 ? { servername: name } : {};
}

interface Waiting {
  readonly reader: FrameReader;
  readonly answered: (response: Buffer) => void;
  readonly failed: (error: Error) => void;
}

interface State {
  readonly socket: TLSSocket;
  readonly place: string;
  readonly listeners: (() => void)[];
  waiting: Waiting | undefined;
  isOver: boolean;
}

function createConnection(socket: TLSSocket, { maxMessageBytes, place }: ConnectionOptions): Connection {
  const state: State = { socket, place, listeners: [], waiting: undefined, isOver: false };
  socket.on('error', (cause) => end(state, linkFailure(place, cause, isSilent(state))));
  socket.on('close', () => end(state, hungUp(place, isSilent(state))));
  socket.on('data', (chunk: Buffer) => receive(state, chunk));
  return {
    exchange: (request, timeoutMs) => exchange(state, request, timeoutMs, maxMessageBytes),
    isOpen: () => !state.isOver,
    onEnd: (listener) => {
      if (state.isOver) listener();
      else state.listeners.push(listener);
    },
    peerUntilMs: peerUntil(socket),
    close: () => end(state, new BrokenLink(`we closed the connection to ${place}`, { wasSilent: false })),
  };
}

const hungUp = (place: string, wasSilent: boolean): BrokenLink =>
  new BrokenLink(`${place} hung up`, { wasSilent });

const isSilent = ({ waiting }: State): boolean => waiting?.reader.began() !== true;

function end(state: State, error: Error): void {
  if (state.isOver) return;
  state.isOver = true;
  state.socket.destroy();
  state.waiting?.reader.wipe();
  state.waiting?.failed(error);
  for (const listener of state.listeners) listener();
}

function receive(state: State, chunk: Buffer): void {
  const { waiting, place } = state;
  // What asks nothing gets no answer: the connection is out of step.
  if (waiting === undefined)
    return end(state, new StoreRejected(`${place} sent bytes that nobody asked for`));
  try {
    const response = waiting.reader.push(chunk);
    if (response !== undefined) waiting.answered(response);
  } catch (cause) {
    end(state, linkFailure(place, cause, false));
  }
}

function exchange(state: State, request: Buffer, timeoutMs: number, maxBytes: number): Promise<Buffer> {
  const { socket, place, isOver } = state;
  return new Promise((resolve, reject) => {
    if (isOver || state.waiting !== undefined) return reject(hungUp(place, true));
    const late = (): void =>
      end(state, new BrokenLink(`${place} did not answer within ${timeoutMs} ms`, { wasSilent: false }));
    const timer = setTimeout(late, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      state.waiting = undefined;
    };
    state.waiting = {
      reader: createFrameReader(maxBytes),
      answered: (response) => {
        settle();
        resolve(response);
      },
      failed: (error) => {
        settle();
        reject(error);
      },
    };
    socket.write(request);
  });
}

function peerUntil(socket: TLSSocket): number | undefined {
  const until = Date.parse(socket.getPeerX509Certificate()?.validTo ?? '');
  return Number.isNaN(until) ? undefined : until;
}
