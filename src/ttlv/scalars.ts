import { isUtf8 } from 'node:buffer';
import {
  bigInteger,
  boolean,
  bytes as byteString,
  dateTime,
  dateTimeExtended,
  enumeration,
  integer,
  interval,
  type Item,
  type ItemOf,
  type ItemType,
  longInteger,
  type Tag,
  text,
  TtlvError,
  type Values,
} from './item.ts';

export type ScalarType = Exclude<ItemType, 'structure'>;

export interface ScalarReader {
  readonly code: number;
  /** In bytes, without padding; `eights` is any multiple of eight but none. */
  readonly length: number | 'any' | 'eights';
  /** Relies on `length`, which whoever calls has compared. */
  read(tag: Tag, bytes: Buffer, at: number, length: number): Item;
}

/** A type of the encoding. */
interface Scalar<T extends ScalarType> extends ScalarReader {
  /** In bytes, without padding. Throws `TtlvError` for what the type cannot hold. */
  size(value: Values[T]): number;
  write(out: Buffer, at: number, value: Values[T]): void;
}

/** Twice the modulus of the largest RSA key that OpenSSL takes: beyond it a number is an attack on the reader's time. */
const MAX_BIG_INTEGER_BYTES = 4096;

const INT32 = 2 ** 31;
const UINT32 = 2 ** 32;
const INT64 = 2n ** 63n;

export const SCALARS: { readonly [T in ScalarType]: Scalar<T> } = {
  integer: {
    code: 0x02,
    length: 4,
    size: (value) => within(Number.isInteger(value) && value >= -INT32 && value < INT32, 4),
    write: (out, at, value) => out.writeInt32BE(value, at),
    read: (tag, from, at) => integer(tag, from.readInt32BE(at)),
  },
  longInteger: {
    code: 0x03,
    length: 8,
    size: int64,
    write: (out, at, value) => out.writeBigInt64BE(value, at),
    read: (tag, from, at) => longInteger(tag, from.readBigInt64BE(at)),
  },
  bigInteger: { code: 0x04, length: 'eights', size: bigSize, write: writeBig, read: readBig },
  enumeration: {
    code: 0x05,
    length: 4,
    size: uint32,
    write: (out, at, value) => out.writeUInt32BE(value, at),
    read: (tag, from, at) => enumeration(tag, from.readUInt32BE(at)),
  },
  boolean: {
    code: 0x06,
    length: 8,
    size: () => 8,
    write: (out, at, value) => out.writeUInt32BE(value ? 1 : 0, at + 4),
    read: readBoolean,
  },
  textString: {
    code: 0x07,
    length: 'any',
    size: (value) => within(value.isWellFormed(), Buffer.byteLength(value)),
    write: (out, at, value) => out.write(value, at),
    read: readText,
  },
  byteString: {
    code: 0x08,
    length: 'any',
    size: (value) => value.length,
    write: (out, at, value) => out.set(value, at),
    read: (tag, from, at, length) => byteString(tag, from.subarray(at, at + length)),
  },
  dateTime: {
    code: 0x09,
    length: 8,
    size: int64,
    write: (out, at, value) => out.writeBigInt64BE(value, at),
    read: (tag, from, at) => dateTime(tag, from.readBigInt64BE(at)),
  },
  interval: {
    code: 0x0a,
    length: 4,
    size: uint32,
    write: (out, at, value) => out.writeUInt32BE(value, at),
    read: (tag, from, at) => interval(tag, from.readUInt32BE(at)),
  },
  dateTimeExtended: {
    code: 0x0b,
    length: 8,
    size: int64,
    write: (out, at, value) => out.writeBigInt64BE(value, at),
    read: (tag, from, at) => dateTimeExtended(tag, from.readBigInt64BE(at)),
  },
};

function within(fits: boolean, size: number): number {
  if (!fits) throw new TtlvError('a value that its type cannot hold');
  return size;
}

function uint32(value: number): number {
  return within(Number.isInteger(value) && value >= 0 && value < UINT32, 4);
}

function int64(value: bigint): number {
  return within(value >= -INT64 && value < INT64, 8);
}

function readBoolean(tag: Tag, from: Buffer, at: number): ItemOf<'boolean'> {
  const value = from.readBigUInt64BE(at);
  if (value > 1n) throw new TtlvError('a boolean that is neither 0 nor 1', at);
  return boolean(tag, value === 1n);
}

/** What is not UTF-8 would come back changed, and an identifier that changed names another object. */
function readText(tag: Tag, from: Buffer, at: number, length: number): ItemOf<'textString'> {
  const view = from.subarray(at, at + length);
  if (!isUtf8(view)) throw new TtlvError('text that is not UTF-8', at);
  return text(tag, view.toString('utf8'));
}

/** Two's complement, and the sign's bit counts: 2^63 takes nine bytes, hence sixteen. */
function bigSize(value: bigint): number {
  const digits = (value < 0n ? ~value : value).toString(16);
  const topBits = 32 - Math.clz32(Number.parseInt(digits.slice(0, 1), 16));
  const bits = (digits.length - 1) * 4 + topBits + 1;
  const size = Math.ceil(bits / 64) * 8;
  return within(size <= MAX_BIG_INTEGER_BYTES, size);
}

function writeBig(out: Buffer, at: number, value: bigint): void {
  const size = bigSize(value);
  out.write(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, '0'),
    at,
    'hex',
  );
}

/** Only in the form in which it is written: "the minimal number of leading sign-extended bytes" (9.1.1.4). */
function readBig(tag: Tag, from: Buffer, at: number, length: number): ItemOf<'bigInteger'> {
  if (length > MAX_BIG_INTEGER_BYTES) throw new TtlvError('a big integer that is too long', at);
  const unsigned = BigInt(`0x${from.toString('hex', at, at + length)}`);
  const value = BigInt.asIntN(length * 8, unsigned);
  if (bigSize(value) !== length) throw new TtlvError('a big integer with more sign than it needs', at);
  return bigInteger(tag, value);
}

const BY_CODE: ReadonlyMap<number, ScalarReader> = new Map(
  Object.values(SCALARS).map((row) => [row.code, row]),
);

export function scalarReader(code: number): ScalarReader | undefined {
  return BY_CODE.get(code);
}
