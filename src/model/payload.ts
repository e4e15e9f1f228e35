import { inspect } from 'node:util';

/**
 * Secret bytes on their way through the broker. Prints as `[payload]` wherever it ends up by accident; reading is a
 * visible `.bytes()`. Whoever creates one wipes it when the bytes are no longer needed.
 */
export class Payload {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes the buffer over: the caller must not use it again. */
  static own(bytes: Buffer): Payload {
    return new Payload(bytes);
  }

  /** Copies into memory outside Node's shared buffer pool, so that no slice of the pool exposes it. */
  static copy(bytes: Uint8Array): Payload {
    const own = Buffer.allocUnsafeSlow(bytes.length);
    own.set(bytes);
    return new Payload(own);
  }

  bytes(): Buffer {
    return this.#bytes;
  }

  /** In bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[payload]';
  }

  toJSON(): string {
    return '[payload]';
  }

  [inspect.custom](): string {
    return '[payload]';
  }
}
