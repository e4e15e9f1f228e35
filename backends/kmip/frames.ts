import { LIMITS, messageLength, TtlvError } from '../../src/ttlv/ttlv.ts';

const HEADER_BYTES = 8;

export interface FrameReader {
  /** The message once its last byte is there. Throws `TtlvError` for what begins no message, is too long, or goes on. */
  push(chunk: Buffer): Buffer | undefined;
  /** Whether any byte of it has arrived. */
  began(): boolean;
  /** Overwrites what has arrived. */
  wipe(): void;
}

/**
 * One message out of a stream. Its bytes are in memory of their own and the chunks are wiped, since both hold keys: the
 * caller wipes the message.
 */
export function createFrameReader(maxBytes: number): FrameReader {
  const header = Buffer.alloc(HEADER_BYTES);
  let message: Buffer | undefined;
  let received = 0;
  const limits = { ...LIMITS, messageBytes: maxBytes };
  const fill = (into: Buffer, chunk: Buffer): number => {
    const count = chunk.copy(into, received);
    received += count;
    return count;
  };
  const read = (chunk: Buffer): Buffer | undefined => {
    let at = 0;
    if (message === undefined) {
      at = fill(header, chunk);
      if (received < HEADER_BYTES) return undefined;
      message = Buffer.alloc(messageLength(header, limits));
      header.copy(message);
    }
    at += fill(message, chunk.subarray(at));
    // One request, one response: whatever follows belongs to nobody.
    if (at < chunk.length) throw new TtlvError('bytes after the message');
    return received === message.length ? message : undefined;
  };
  return {
    push: (chunk) => {
      try {
        return read(chunk);
      } finally {
        chunk.fill(0);
      }
    },
    began: () => received > 0,
    wipe: () => message?.fill(0),
  };
}
