import { expect } from 'chai';
import { unwrapKey, unwrapKwp, wrapKey, wrapKwp, type SoftwareSuite } from '../../src/crypto/wrap.ts';
import { IntegrityError, StoreUnavailable } from '../../src/errors.ts';
import { counting, KEK_IV, KWP_VECTORS, keyOf, MAC_KEY, ROOT_KEY } from './vectors.ts';

const KEYS = { key: ROOT_KEY, mac: MAC_KEY };
const PLAIN = counting(0x40, 32);
const AAD = Buffer.from('what the key is for');
const NO_IV = Buffer.alloc(0);
const SUITES: readonly [SoftwareSuite, number][] = [
  ['gcm', 60],
  ['kwp', 40],
  ['kwp-mac', 72],
];

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x80;
  return copy;
}

describe('key wrapping', () => {
  for (const { name, kek, key, wrapped } of KWP_VECTORS) {
    it(`meets the known answer of AES-KWP: ${name}`, () => {
      expect(wrapKwp(keyOf(kek), key)).to.deep.equal(wrapped);
      expect(unwrapKwp(keyOf(kek), wrapped)).to.deep.equal(key);
    });
  }

  for (const [suite, size] of SUITES) {
    const wrapped = wrapKey(suite, KEYS, AAD, PLAIN, suite === 'gcm' ? KEK_IV : NO_IV);

    it(`${suite} takes ${size} bytes for a 32-byte key and gives it back`, () => {
      expect(wrapped).to.have.length(size);
      expect(unwrapKey(suite, KEYS, AAD, wrapped)).to.deep.equal(PLAIN);
    });

    it(`${suite} does not unwrap when any byte is changed`, () => {
      for (let at = 0; at < wrapped.length; at += 1) {
        expect(() => unwrapKey(suite, KEYS, AAD, changed(wrapped, at)), `byte ${at}`).to.throw(
          IntegrityError,
        );
      }
    });

    it(`${suite} does not unwrap when cut off or added to`, () => {
      for (const bytes of [
        wrapped.subarray(0, -1),
        wrapped.subarray(0, 8),
        NO_IV,
        Buffer.concat([wrapped, AAD]),
      ]) {
        expect(() => unwrapKey(suite, KEYS, AAD, bytes)).to.throw(IntegrityError);
      }
    });

    it(`${suite} does not unwrap under another key`, () => {
      const other = { key: keyOf(counting(1, 32)), mac: MAC_KEY };
      expect(() => unwrapKey(suite, other, AAD, wrapped)).to.throw(IntegrityError);
    });
  }

  for (const suite of ['gcm', 'kwp-mac'] as const) {
    it(`${suite} is bound to its context`, () => {
      const wrapped = wrapKey(suite, KEYS, AAD, PLAIN, KEK_IV);
      expect(() => unwrapKey(suite, KEYS, Buffer.from('another'), wrapped)).to.throw(IntegrityError);
    });
  }

  it('kwp-mac does not unwrap under another MAC key, and asks for one', () => {
    const wrapped = wrapKey('kwp-mac', KEYS, AAD, PLAIN, NO_IV);
    const other = { key: ROOT_KEY, mac: keyOf(counting(1, 32)) };
    expect(() => unwrapKey('kwp-mac', other, AAD, wrapped)).to.throw(IntegrityError);
    expect(() => unwrapKey('kwp-mac', { key: ROOT_KEY }, AAD, wrapped)).to.throw(StoreUnavailable);
  });

  for (const suite of ['gcm-token', 'transit', 'none'] as const) {
    it(`leaves ${suite} to the device that wrapped it`, () => {
      expect(() => unwrapKey(suite, KEYS, AAD, Buffer.alloc(60))).to.throw(IntegrityError, '');
    });
  }
});
