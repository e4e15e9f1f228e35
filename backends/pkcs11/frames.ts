/**
 * What the broker and the token's process say to each other: a JSON head, then parts of plain bytes, each behind its
 * length. No field of a head ever holds secret bytes but `open`, which brings the PIN.
 */
export interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  /** Views into `bytes`. */
  readonly parts: readonly Buffer[];
  /** Everything: wiped once it has been read. */
  readonly bytes: Buffer;
}

const LENGTH_BYTES = 4;
/** The largest payload, its key and its names, with room to spare. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Copies: what it was given stays its owner's. */
export function encodeFrame(head: Readonly<Record<string, unknown>>, parts: readonly Buffer[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const all = [text, ...parts];
  const size = all.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0);
  const frame = Buffer.allocUnsafeSlow(LENGTH_BYTES + size);
  let at = frame.writeUInt32BE(size);
  for (const part of all) {
    at = frame.writeUInt32BE(part.length, at);
    at += part.copy(frame, at);
  }
  text.fill(0);
  return frame;
}

/** Puts frames together from what a socket reads, and wipes what it read. Throws at what is no frame. */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  const length = Buffer.alloc(LENGTH_BYTES);
  let lengthHas = 0;
  let frame: Buffer | undefined;
  let frameHas = 0;
  const step = (chunk: Buffer, at: number): number => {
    if (frame === undefined) {
      const taken = chunk.copy(length, lengthHas, at);
      lengthHas += taken;
      if (lengthHas === LENGTH_BYTES) frame = Buffer.allocUnsafeSlow(requireSane(length.readUInt32BE()));
      return taken;
    }
    const taken = chunk.copy(frame, frameHas, at);
    frameHas += taken;
    if (frameHas === frame.length) {
      const whole = frame;
      [frame, frameHas, lengthHas] = [undefined, 0, 0];
      onFrame(decode(whole));
    }
    return taken;
  };
  return (chunk) => {
    for (let at = 0; at < chunk.length;) at += step(chunk, at);
    chunk.fill(0);
  };
}

function requireSane(size: number): number {
  if (size < LENGTH_BYTES || size > MAX_FRAME_BYTES) throw new RangeError('no frame is that long');
  return size;
}

function decode(bytes: Buffer): Frame {
  const [head, ...parts] = split(bytes);
  if (head === undefined) throw new RangeError('a frame without a head');
  return { head: JSON.parse(head.toString('utf8')) as Frame['head'], parts, bytes };
}

function split(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + LENGTH_BYTES > bytes.length) throw new RangeError('a frame that ends too early');
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new RangeError('a frame that ends too early');
    parts.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}
