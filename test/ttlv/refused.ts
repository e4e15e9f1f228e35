import { bigInteger, encode, type Item, integer, LIMITS, structure, text } from '../../src/ttlv/ttlv.ts';
import { hex } from './primitives.ts';

/** What is refused, where it is noticed, and the bytes. */
export type Refused = readonly [name: string, offset: number, bytes: Buffer];

const row = (name: string, offset: number, digits: string): Refused => [name, offset, hex(digits)];

/** A header of any type and length before zeros. */
const zeros = (type: string, length: number, count: number): string =>
  `420000${type}${length.toString(16).padStart(8, '0')}${'00'.repeat(count)}`;

/** `levels` items, one in the other. */
function nested(levels: number): Buffer {
  let item: Item = integer(0x420000, 1);
  for (let level = 1; level < levels; level += 1) item = structure(0x420000, [item]);
  return encode(item, { ...LIMITS, depth: levels });
}

/** A structure of so many integers. */
export function crowded(count: number): Buffer {
  const one = integer(0x420000, 1);
  return encode(structure(0x420000, Array<Item>(count).fill(one)), { ...LIMITS, items: count + 1 });
}

const FIXED: readonly (readonly [name: string, type: string, length: number])[] = [
  ['an Integer', '02', 4],
  ['a Long Integer', '03', 8],
  ['an Enumeration', '05', 4],
  ['a Boolean', '06', 8],
  ['a Date-Time', '09', 8],
  ['an Interval', '0a', 4],
  ['a Date-Time Extended', '0b', 8],
];

/** Fixed sizes with every other length that could pass for one. */
const LENGTHS = FIXED.flatMap(([name, type, length]) =>
  [0, 3, 4, 5, 7, 8, 16]
    .filter((other) => other !== length)
    .map((other) => row(`${name} of length ${other}`, 8, zeros(type, other, 16))),
);

export const REFUSED: readonly Refused[] = [
  // V1.
  row('V1 an Integer whose padding is not zero', 12, '420000020000000400000000ffffffff'),
  row('V1 an Integer of no length', 8, '42000002000000000000000000000000'),
  row('V1 Boolean 2', 8, '42000006000000080000000000000002'),
  row('V1 an Enumeration whose padding is not zero', 15, '420000050000000400000000000000ff'),
  row('V1 an Interval of length 5', 8, '4200000a00000005000d2f0000000000'),
  row('V1 text whose padding is not zero', 19, '420000070000000b48656c6c6f20576f726c64ffffffffff'),
  row('V1 a Byte String whose padding is not zero', 11, '4200000800000003010203ffffffffff'),
  ...LENGTHS,
  row('nothing', 0, ''),
  row('one byte', 0, '42'),
  row('seven bytes', 0, '42000002000000'),
  row('a header alone', 0, '4200000200000004'),
  row('a value cut off', 0, '4200000200000004000000'),
  row('padding cut off', 8, '420000020000000400000001'),
  row('padding cut off by a byte', 8, '42000002000000040000000100 0000'),
  row('text without its padding', 8, '420000070000000161'),
  row('a byte behind the item', 16, '42000002000000040000000100000000 00'),
  row('eight zeros behind the item', 16, '42000002000000040000000100000000 0000000000000000'),
  row('two items', 16, '42000002000000040000000100000000 42000002000000040000000100000000'),
  row('type 00', 0, zeros('00', 8, 8)),
  row('type 0c', 0, zeros('0c', 8, 8)),
  row('type 81, which is 01 with a bit more', 0, zeros('81', 0, 0)),
  row('type ff', 0, zeros('ff', 8, 8)),
  row('tag 000000', 0, '00000002000000040000000100000000'),
  row('tag 410000', 0, '41000002000000040000000100000000'),
  row('tag 430000', 0, '43000002000000040000000100000000'),
  row('tag ffffff', 0, 'ffffff02000000040000000100000000'),
  row('an unknown type within', 8, '42000001 00000010 4200000c00000008 0000000000000000'),
  row('a Boolean whose upper half is not zero', 8, '42000006 00000008 0000000100000001'),
  row('a Boolean of 2^63', 8, '42000006 00000008 8000000000000000'),
  row('the last bit of padding set', 15, '42000002 00000004 00000001 00000001'),
  row('a Big Integer of no length', 8, '42000004 00000000'),
  row('a Big Integer of seven bytes', 8, '42000004 00000007 00000000000000 00'),
  row('a Big Integer of nine bytes', 8, `42000004 00000009 ${'00'.repeat(16)}`),
  row('a Big Integer 1 of sixteen bytes', 8, '42000004 00000010 0000000000000000 0000000000000001'),
  row('a Big Integer 0 of sixteen bytes', 8, '42000004 00000010 0000000000000000 0000000000000000'),
  row('a Big Integer -1 of sixteen bytes', 8, '42000004 00000010 ffffffffffffffff ffffffffffffffff'),
  row('a Big Integer of 4104 bytes', 8, `42000004 00001008 01${'00'.repeat(4103)}`),
  row('text that is not UTF-8', 8, '42000007 00000001 ff 00000000000000'),
  row('text cut off within a character', 8, '42000007 00000002 e282 000000000000'),
  row('text with a surrogate', 8, '42000007 00000003 eda080 0000000000'),
  row('text that is longer than it need be', 8, '42000007 00000002 c080 000000000000'),
  row('a length of 4 GiB of text', 0, '42000007 ffffffff 6161616161616161'),
  row('a length of 4 GiB of bytes', 0, '42000008 ffffffff 6161616161616161'),
  row('a length of 4 GiB of structure', 0, '42000001 ffffffff 6161616161616161'),
  row('a length of 2 GiB of big integer', 0, '42000004 80000000 6161616161616161'),
  row('a structure one byte longer than its bytes', 0, '42000001 00000011 42000002000000040000000100000000'),
  row(
    'a structure one byte shorter than its child',
    16,
    '42000001 0000000f 42000002000000040000000100000000',
  ),
  row('a structure that ends within a header', 8, '42000001 00000004 42000002 00000000'),
  row('a structure that ends within its child', 8, '42000001 00000008 4200000200000004 0000000100000000'),
  row(
    'a child that reaches into its parent’s neighbour',
    16,
    '42000001 0000001c 42000001 00000008 4200000200000004 0000000100000000 00000000',
  ),
  row(
    'bytes in a structure behind its last child',
    24,
    '42000001 00000014 42000002000000040000000100000000 00000000',
  ),
  ['items nested twenty-one deep', 160, nested(21)],
  ['10 001 items', 160_000 - 8, crowded(10_000)],
  [
    'text of 64 KiB and a byte',
    8,
    encode(text(0x420000, 'a'.repeat(65_537)), { ...LIMITS, textBytes: 70_000 }),
  ],
  ['more than 2 MiB', 0, Buffer.alloc(2 * 1024 * 1024 + 1)],
  ['an item of more than 2 MiB', 0, hex('42000008 00200008')],
];

/** As large as it may be. */
export const LARGEST: Readonly<Record<string, Buffer>> = {
  'items nested twenty deep': nested(20),
  '10 000 items': crowded(9_999),
  'text of 64 KiB': encode(text(0x420000, 'a'.repeat(65_536))),
  'a Big Integer of 4096 bytes': encode(bigInteger(0x420000, -(2n ** 32_767n))),
};
