import fc from 'fast-check';
import {
  bigInteger,
  boolean,
  bytes,
  dateTime,
  dateTimeExtended,
  encode,
  enumeration,
  integer,
  interval,
  type Item,
  longInteger,
  structure,
  text,
} from '../../src/ttlv/ttlv.ts';

const tag = fc.oneof(
  fc.integer({ min: 0x420001, max: 0x420176 }),
  fc.integer({ min: 0x540000, max: 0x54ffff }),
);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
/** Values around every power of 256, where lengths and signs change. */
const big = fc.oneof(
  fc.bigInt({ min: -(2n ** 4096n), max: 2n ** 4096n }),
  fc
    .tuple(fc.nat({ max: 300 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(1n, -1n))
    .map(([power, by, sign]) => sign * 2n ** BigInt(power * 8 - (power > 0 ? 1 : 0)) + BigInt(by)),
);

const scalar: fc.Arbitrary<Item> = fc.oneof(
  fc.tuple(tag, int32).map(([of, value]) => integer(of, value)),
  fc.tuple(tag, int64).map(([of, value]) => longInteger(of, value)),
  fc.tuple(tag, big).map(([of, value]) => bigInteger(of, value)),
  fc.tuple(tag, uint32).map(([of, value]) => enumeration(of, value)),
  fc.tuple(tag, fc.boolean()).map(([of, value]) => boolean(of, value)),
  fc.tuple(tag, fc.string({ unit: 'binary' })).map(([of, value]) => text(of, value)),
  fc.tuple(tag, octets).map(([of, value]) => bytes(of, value)),
  fc.tuple(tag, int64).map(([of, value]) => dateTime(of, value)),
  fc.tuple(tag, uint32).map(([of, value]) => interval(of, value)),
  fc.tuple(tag, int64).map(([of, value]) => dateTimeExtended(of, value)),
);

/** Any item that can be encoded. */
export const item: fc.Arbitrary<Item> = fc.letrec<{ node: Item }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    scalar,
    fc.tuple(tag, fc.array(tie('node'), { maxLength: 6 })).map(([of, value]) => structure(of, value)),
  ),
})).node;

/** A header of any type and length, before bytes of another length. */
const odd: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(0x42, 0x54, 0x43),
    fc.nat({ max: 0x0d }),
    fc.oneof(fc.nat({ max: 40 }), uint32),
    fc.uint8Array({ maxLength: 24 }),
  )
  .map(([first, type, length, value]) => {
    const header = Buffer.from([first, 0, 0x79, type, 0, 0, 0, 0]);
    header.writeUInt32BE(length, 4);
    return Buffer.concat([header, value]);
  });

/** A structure, well or not, of items of which any may be odd. */
export const almost: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 4, arbitrary: scalar.map((one) => encode(one)) }, { weight: 1, arbitrary: odd }),
      {
        maxLength: 5,
      },
    ),
    fc.constantFrom(0, 0, 0, -8, 8, 1),
  )
  .map(([parts, off]) => {
    const value = Buffer.concat(parts);
    const header = Buffer.from([0x42, 0, 0x79, 1, 0, 0, 0, 0]);
    header.writeUInt32BE(Math.max(0, value.length + off), 4);
    return Buffer.concat([header, value]);
  });

/** How bytes are changed on the way: set, inserted, cut out. */
export interface Change {
  readonly kind: 'set' | 'insert' | 'cut' | 'flip';
  /** As a fraction of the length. */
  readonly at: number;
  readonly value: number;
}

export const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'flip', 'flip', 'flip', 'insert', 'cut'),
    // Not a double of chance: most of those are next to zero.
    at: fc.nat({ max: 9_999 }).map((part) => part / 10_000),
    value: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 8, 0x7f, 0x80, 0xff)),
  }),
  { minLength: 1, maxLength: 3 },
);

export function mutated(original: Buffer, list: readonly Change[]): Buffer {
  return list.reduce((from: Buffer, { kind, at, value }) => {
    const place = Math.floor(at * from.length);
    if (kind === 'cut')
      return Buffer.concat([from.subarray(0, place), from.subarray(place + 1 + (value & 7))]);
    if (kind === 'insert')
      return Buffer.concat([from.subarray(0, place), Buffer.alloc(1 + (value & 7)), from.subarray(place)]);
    const copy = Buffer.from(from);
    copy[place] = kind === 'set' ? value : (copy[place] ?? 0) ^ (1 << (value & 7));
    return copy;
  }, original);
}
