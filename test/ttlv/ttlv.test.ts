import { expect } from 'chai';
import {
  bigInteger,
  bytes,
  dateTime,
  decode,
  encode,
  enumeration,
  integer,
  interval,
  type Item,
  LIMITS,
  longInteger,
  messageLength,
  structure,
  text,
  TtlvError,
} from '../../src/ttlv/ttlv.ts';
import { hex, PRIMITIVES } from './primitives.ts';
import { LARGEST, REFUSED } from './refused.ts';
import { REQUESTS } from './request-vectors.ts';
import { response, RESPONSES } from './response-vectors.ts';

const VECTORS = [...PRIMITIVES, ...REQUESTS, ...RESPONSES];

/** What `act` threw, which must be ours. */
function refusal(act: () => unknown): TtlvError {
  try {
    act();
  } catch (error) {
    if (error instanceof TtlvError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('TTLV', () => {
  for (const { name, value, bytes: known } of VECTORS) {
    it(`encodes ${name}`, () => {
      expect(encode(value).toString('hex')).to.equal(known.toString('hex'));
    });

    it(`decodes ${name}`, () => {
      expect(decode(known)).to.deep.equal(value);
    });
  }

  for (const [name, offset, refused] of REFUSED) {
    it(`refuses ${name}`, () => {
      expect(refusal(() => decode(refused)).offset).to.equal(offset);
    });
  }

  it('has at least as many bytes to refuse as to accept', () => {
    expect(REFUSED.length).to.be.at.least(VECTORS.length);
  });

  for (const [name, largest] of Object.entries(LARGEST)) {
    it(`takes ${name}, and gives them back`, () => {
      expect(encode(decode(largest)).equals(largest)).to.equal(true);
    });
  }

  it('refuses every message cut off anywhere, and every message with more behind it', () => {
    for (const { bytes: known } of [...REQUESTS, ...RESPONSES]) {
      for (let end = 0; end < known.length; end += 1) refusal(() => decode(known.subarray(0, end)));
      for (const more of [1, 8, 16]) refusal(() => decode(Buffer.concat([known, Buffer.alloc(more)])));
    }
  });

  it('takes no limits but those that it is given', () => {
    const key = response('V5');
    expect(refusal(() => decode(key, { ...LIMITS, messageBytes: key.length - 1 })).offset).to.equal(0);
    expect(refusal(() => decode(key, { ...LIMITS, depth: 6 })).message).to.contain('too deep');
    expect(refusal(() => decode(key, { ...LIMITS, items: 19 })).message).to.contain('too many');
    expect(decode(key, { ...LIMITS, messageBytes: key.length, depth: 7, items: 20 }).type).to.equal(
      'structure',
    );
  });

  it('gives byte strings as views, so that wiping a message wipes them', () => {
    const message = hex('42002008000000030102030000000000');
    const item = decode(message);
    message.fill(0);
    expect(item.value).to.deep.equal(Buffer.alloc(3));
  });

  it('encodes into memory of its own, outside the pool', () => {
    const encoded = encode(integer(0x420000, 1));
    expect(encoded.buffer.byteLength).to.equal(encoded.length);
    expect(encode(integer(0x420000, 1)).buffer).not.to.equal(encoded.buffer);
  });
});

describe('what cannot be encoded', () => {
  const cyclic: Item[] = [];
  cyclic.push(structure(0x420000, cyclic));
  const CANNOT: Readonly<Record<string, Item>> = {
    'an Integer of 2^31': integer(0x420000, 2 ** 31),
    'an Integer below -2^31': integer(0x420000, -(2 ** 31) - 1),
    'an Integer with a fraction': integer(0x420000, 1.5),
    'an Integer that is no number': integer(0x420000, Number.NaN),
    'a negative Enumeration': enumeration(0x420000, -1),
    'an Enumeration of 2^32': enumeration(0x420000, 2 ** 32),
    'a negative Interval': interval(0x420000, -1),
    'an endless Interval': interval(0x420000, Number.POSITIVE_INFINITY),
    'a Long Integer of 2^63': longInteger(0x420000, 2n ** 63n),
    'a Date-Time below -2^63': dateTime(0x420000, -(2n ** 63n) - 1n),
    'a Big Integer beyond 4096 bytes': bigInteger(0x420000, 2n ** 32_767n),
    'text with half a character': text(0x420000, '\uD800'),
    'text of 64 KiB and a byte': text(0x420000, `${'é'.repeat(32_768)}a`),
    'a tag below 420000': integer(0x41ffff, 1),
    'a tag above 54ffff': integer(0x550000, 1),
    'a tag of four bytes': integer(0x1_420000, 1),
    'a tag with a fraction': integer(0x420000 + 0.5, 1),
    'more than 2 MiB': bytes(0x420000, Buffer.alloc(2 * 1024 * 1024 - 7)),
    'items within themselves': structure(0x420000, cyclic),
    '10 001 items': structure(0x420000, Array<Item>(10_000).fill(integer(0x420000, 1))),
  };
  for (const [name, item] of Object.entries(CANNOT)) {
    it(`refuses ${name}`, () => {
      expect(refusal(() => encode(item)).offset).to.equal(undefined);
    });
  }

  it('takes the largest message', () => {
    expect(encode(bytes(0x420000, Buffer.alloc(2 * 1024 * 1024 - 8)))).to.have.length(2 * 1024 * 1024);
  });
});

describe('the length of a message in a stream', () => {
  it('is in its first eight bytes', () => {
    for (const { value, bytes: known } of [...REQUESTS, ...RESPONSES]) {
      if (value.tag !== 0x420078 && value.tag !== 0x42007b) continue;
      expect(messageLength(known.subarray(0, 8))).to.equal(known.length);
    }
    expect(messageLength(hex('42007801 001ffff8'))).to.equal(2 * 1024 * 1024);
  });

  const REFUSED_HEADERS: Readonly<Record<string, string>> = {
    'less than eight bytes': '42007b01 000000',
    'another item': '42000f01 00000010',
    'a message that is no structure': '42007b08 00000010',
    'a length that is no multiple of eight': '42007b01 00000011',
    'more than 2 MiB': '42007b01 00200000',
    'more than any memory': '42007b01 fffffff8',
    'another protocol': '485454502f312e31',
    'a TLS alert': '1503030002022800',
  };
  for (const [name, header] of Object.entries(REFUSED_HEADERS)) {
    it(`is not in ${name}`, () => {
      refusal(() => messageLength(hex(header)));
    });
  }

  it('is held against the limits given', () => {
    const header = hex('42007b01 00000010');
    expect(messageLength(header, { ...LIMITS, messageBytes: 24 })).to.equal(24);
    refusal(() => messageLength(header, { ...LIMITS, messageBytes: 23 }));
  });
});
