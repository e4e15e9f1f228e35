import { expect } from 'chai';
import fc from 'fast-check';
import { readGet, readGetAttributes, readQuery } from '../../src/ttlv/answers.ts';
import { masked } from '../../src/ttlv/masked.ts';
import { readRequest, readResponse } from '../../src/ttlv/messages.ts';
import { decode, encode, type Item, LIMITS, TtlvError } from '../../src/ttlv/ttlv.ts';
import { almost, changes, item, mutated } from './arbitrary.ts';
import { hex, PRIMITIVES } from './primitives.ts';
import { crowded } from './refused.ts';
import { REQUESTS } from './request-vectors.ts';
import { RESPONSES } from './response-vectors.ts';

const VECTORS = [...PRIMITIVES, ...REQUESTS, ...RESPONSES].map(({ bytes }) => bytes);

/** What `act` gives, or undefined if it refuses; anything else that is thrown is a failure. */
function orRefusal<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof TtlvError) return undefined;
    throw error;
  }
}

/** The law: refused, or the same bytes again. */
function obeys(bytes: Buffer): Item | undefined {
  const before = Buffer.from(bytes);
  const decoded = orRefusal(() => decode(bytes));
  if (decoded !== undefined) expect(encode(decoded).toString('hex')).to.equal(bytes.toString('hex'));
  expect(bytes.equals(before), 'input untouched').to.equal(true);
  return decoded;
}

/** Every reader, on whatever was decoded. */
function readAll(decoded: Item): void {
  masked(decoded);
  orRefusal(() => readRequest(decoded));
  for (const operation of ['Get', 'Get Attributes', 'Query'] as const) {
    const response = orRefusal(() => readResponse(decoded, { version: '2.1', operation }));
    if (response === undefined) continue;
    orRefusal(() => readGet(response.payload));
    orRefusal(() => readGetAttributes(response.payload));
    orRefusal(() => readQuery(response.payload));
  }
}

describe('TTLV of any kind', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(item, (any) => {
        const encoded = encode(any);
        expect(encoded.length % 8).to.equal(0);
        expect(decode(encoded)).to.deep.equal(any);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses random bytes or gives them back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (random) => {
        obeys(Buffer.from(random));
      }),
      { numRuns: 5000 },
    );
  });

  it('refuses what begins like TTLV or gives it back', () => {
    let accepted = 0;
    fc.assert(
      fc.property(almost, (bytes) => {
        accepted += obeys(bytes) === undefined ? 0 : 1;
      }),
      { numRuns: 5000 },
    );
    // Both ways are tried, or nothing is.
    expect(accepted).to.be.within(100, 4900);
  });

  it('refuses changed messages or gives them back, and its readers throw nothing else', () => {
    let accepted = 0;
    const one = fc.constantFrom(...VECTORS);
    fc.assert(
      fc.property(one, changes, (vector, list) => {
        const decoded = obeys(mutated(vector, list));
        if (decoded === undefined) return;
        accepted += 1;
        readAll(decoded);
      }),
      { numRuns: 10_000 },
    );
    expect(accepted).to.be.within(100, 9900);
  });

  it('refuses every flipped bit of the vectors or gives it back', () => {
    for (const vector of VECTORS) {
      for (let bit = 0; bit < vector.length * 8; bit += 1) {
        const copy = Buffer.from(vector);
        copy[bit >> 3]! ^= 1 << (bit & 7);
        const decoded = obeys(copy);
        if (decoded !== undefined) readAll(decoded);
      }
    }
  });
});

describe('what decoding costs', () => {
  /** Bytes that Node's memory grew by, inside and outside its heap, at the most generous reading. */
  function grown(act: () => void): number {
    const before = process.memoryUsage();
    act();
    const after = process.memoryUsage();
    return (
      Math.max(0, after.heapUsed - before.heapUsed) + Math.max(0, after.arrayBuffers - before.arrayBuffers)
    );
  }

  it('allocates nothing for a length that is not there', () => {
    const bomb = ['01', '04', '07', '08'].map((type) => hex(`420000${type} fffffff8 00000000`));
    const bytes = grown(() => {
      for (let round = 0; round < 100; round += 1) for (const one of bomb) orRefusal(() => decode(one));
    });
    expect(bytes).to.be.below(8 * 1024 * 1024);
  });

  it('copies no byte string', () => {
    const large = encode({
      tag: 0x420043,
      type: 'byteString',
      value: Buffer.alloc(2 * 1024 * 1024 - 8, 0x61),
    });
    // Kept, lest a collection in between hide a copy.
    const kept: Item[] = [];
    const bytes = grown(() => {
      for (let round = 0; round < 20; round += 1) kept.push(decode(large));
    });
    expect(bytes).to.be.below(large.length);
    expect(kept).to.have.length(20);
  });

  it('stops counting at the limit, whatever the size of the message', () => {
    const many = crowded(100_000).subarray(0, LIMITS.messageBytes - 8);
    many.writeUInt32BE(many.length - 8, 4);
    const started = performance.now();
    for (let round = 0; round < 20; round += 1)
      expect(() => decode(many)).to.throw(TtlvError, 'too many items');
    expect((performance.now() - started) / 20).to.be.below(100);
  });

  it('grows with the message and no faster', () => {
    const seconds = (count: number): number => {
      const bytes = crowded(count);
      const limits = { ...LIMITS, items: count + 1 };
      const rounds = 5;
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round += 1) {
        const started = performance.now();
        decode(bytes, limits);
        best = Math.min(best, performance.now() - started);
      }
      return best;
    };
    seconds(10_000);
    // Eight times the items; twenty-four times the time is three times linear, and far from square.
    expect(seconds(80_000)).to.be.below(24 * Math.max(seconds(10_000), 0.5));
  });

  it('bounds the numbers that take more than linear time', () => {
    const started = performance.now();
    const long = Buffer.concat([hex('42000004 00100000'), Buffer.alloc(1024 * 1024, 0x61)]);
    expect(() => decode(long)).to.throw(TtlvError, 'too long');
    expect(performance.now() - started).to.be.below(50);
  });
});
