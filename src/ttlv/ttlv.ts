import { type Item, type ItemOf, structure, type Structure, TtlvError } from './item.ts';
import { SCALARS, type ScalarReader, scalarReader, type ScalarType } from './scalars.ts';

export * from './item.ts';
export * from './readers.ts';

/** What a message may be, in both directions: what we would not read we do not write. */
export interface Limits {
  /** Levels of items; the message itself is the first. */
  readonly depth: number;
  readonly items: number;
  /** Of one text, in bytes of UTF-8. */
  readonly textBytes: number;
  /** With its header. */
  readonly messageBytes: number;
}

/** No message of the standard nests ten deep or has a thousand items; 2 MiB is above any payload and what is around it. */
export const LIMITS: Limits = {
  depth: 20,
  items: 10_000,
  textBytes: 64 * 1024,
  messageBytes: 2 * 1024 * 1024,
};

const HEADER_BYTES = 8;
const ALIGNMENT = 8;
const STRUCTURE = 0x01;
const REQUEST_MESSAGE = 0x420078;
const RESPONSE_MESSAGE = 0x42007b;

const padding = (length: number): number => -length & (ALIGNMENT - 1);

/**
 * One item as TTLV (KMIP 1.4 section 9.1). The buffer is of its own, outside Node's pool, and holds whatever secrets the
 * item has: its user wipes it. Throws `TtlvError` for values that do not fit their type, and beyond `limits`.
 */
export function encode(item: Item, limits: Limits = LIMITS): Buffer {
  const size = measure(item, { limits, items: 0 }, 1);
  if (size > limits.messageBytes) throw new TtlvError('more bytes than a message may have');
  const out = Buffer.alloc(size);
  write(out, 0, item);
  return out;
}

interface Count {
  readonly limits: Limits;
  items: number;
}

function measure(item: Item, count: Count, depth: number): number {
  enter(count, depth);
  if (!isTag(item.tag)) throw new TtlvError('a tag that is neither 42xxxx nor 54xxxx');
  if (item.type !== 'structure') {
    const size = scalarSize(item);
    if (item.type === 'textString' && size > count.limits.textBytes) throw new TtlvError('text too long');
    return HEADER_BYTES + size + padding(size);
  }
  return item.value.reduce((sum, child) => sum + measure(child, count, depth + 1), HEADER_BYTES);
}

function scalarSize<T extends ScalarType>(item: ItemOf<T>): number {
  return SCALARS[item.type].size(item.value);
}

/** Returns where the next item goes. Padding is there already: the buffer came zeroed. */
function write(out: Buffer, at: number, item: Item): number {
  out.writeUIntBE(item.tag, at, 3);
  return item.type === 'structure' ? writeStructure(out, at, item) : writeScalar(out, at, item);
}

function writeStructure(out: Buffer, at: number, { value }: Structure): number {
  const valueAt = at + HEADER_BYTES;
  const end = value.reduce((next, child) => write(out, next, child), valueAt);
  out[at + 3] = STRUCTURE;
  out.writeUInt32BE(end - valueAt, at + 4);
  return end;
}

function writeScalar<T extends ScalarType>(out: Buffer, at: number, item: ItemOf<T>): number {
  const row = SCALARS[item.type];
  const size = row.size(item.value);
  out[at + 3] = row.code;
  out.writeUInt32BE(size, at + 4);
  row.write(out, at + HEADER_BYTES, item.value);
  return at + HEADER_BYTES + size + padding(size);
}

/**
 * The one item that `bytes` are, to the last byte. Byte strings are views into `bytes`. Throws `TtlvError`, and nothing
 * else: for bytes too few or too many, types and tags that do not exist, padding that is not zero, and beyond `limits`.
 * What it accepts `encode` gives back byte by byte.
 */
export function decode(bytes: Buffer, limits: Limits = LIMITS): Item {
  if (bytes.length > limits.messageBytes) throw new TtlvError('more bytes than a message may have', 0);
  const reader: Reader = { bytes, limits, items: 0, at: 0 };
  const item = readItem(reader, bytes.length, 1);
  if (reader.at !== bytes.length) throw new TtlvError('bytes after the item', reader.at);
  return item;
}

interface Reader extends Count {
  readonly bytes: Buffer;
  at: number;
}

function readItem(reader: Reader, end: number, depth: number): Item {
  const { bytes, at } = reader;
  enter(reader, depth, at);
  if (end - at < HEADER_BYTES) throw new TtlvError('a header cut off', at);
  const tag = bytes.readUIntBE(at, 3);
  if (!isTag(tag)) throw new TtlvError('a tag that is neither 42xxxx nor 54xxxx', at);
  const code = bytes.readUInt8(at + 3);
  const length = bytes.readUInt32BE(at + 4);
  reader.at = at + HEADER_BYTES;
  if (length > end - reader.at) throw new TtlvError('a length beyond the end', at);
  if (code === STRUCTURE) return structure(tag, readChildren(reader, reader.at + length, depth));
  const row = scalarReader(code);
  if (row === undefined) throw new TtlvError('an unknown type', at);
  checkLength(row, code, length, reader);
  skip(reader, length, end);
  return row.read(tag, bytes, at + HEADER_BYTES, length);
}

function readChildren(reader: Reader, end: number, depth: number): readonly Item[] {
  const children: Item[] = [];
  while (reader.at < end) children.push(readItem(reader, end, depth + 1));
  return children;
}

function checkLength({ length: rule }: ScalarReader, code: number, length: number, reader: Reader): void {
  if (typeof rule === 'number' && length !== rule)
    throw new TtlvError('a length that its type cannot have', reader.at);
  if (rule === 'eights' && (length === 0 || padding(length) !== 0))
    throw new TtlvError('a big integer whose length is no multiple of eight', reader.at);
  if (code === SCALARS.textString.code && length > reader.limits.textBytes)
    throw new TtlvError('text too long', reader.at);
}

/** Over the value and its padding, which carries nothing, lest it carry something. */
function skip(reader: Reader, length: number, end: number): void {
  const valueEnd = reader.at + length;
  const next = valueEnd + padding(length);
  if (next > end) throw new TtlvError('padding cut off', reader.at);
  for (let at = valueEnd; at < next; at += 1) {
    if (reader.bytes[at] !== 0) throw new TtlvError('padding that is not zero', at);
  }
  reader.at = next;
}

function enter(count: Count, depth: number, at?: number): void {
  if (depth > count.limits.depth) throw new TtlvError('items nested too deep', at);
  count.items += 1;
  if (count.items > count.limits.items) throw new TtlvError('too many items', at);
}

function isTag(tag: number): boolean {
  const first = tag >>> 16;
  return Number.isInteger(tag) && (first === 0x42 || first === 0x54);
}

/**
 * How many bytes the message takes that begins with these eight, header included: TTLV over TLS has no other framing.
 * Throws `TtlvError` for what begins no message, and for one larger than `limits` allow, before anything is allocated.
 */
export function messageLength(header: Buffer, limits: Limits = LIMITS): number {
  if (header.length < HEADER_BYTES) throw new TtlvError('a header cut off', 0);
  const tag = header.readUIntBE(0, 3);
  if ((tag !== REQUEST_MESSAGE && tag !== RESPONSE_MESSAGE) || header[3] !== STRUCTURE)
    throw new TtlvError('the beginning of no message', 0);
  const length = header.readUInt32BE(4);
  if (padding(length) !== 0) throw new TtlvError('a message whose length is no multiple of eight', 0);
  if (HEADER_BYTES + length > limits.messageBytes)
    throw new TtlvError('more bytes than a message may have', 0);
  return HEADER_BYTES + length;
}
