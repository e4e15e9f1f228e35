import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { open, seal } from '../../src/crypto/seal.ts';
import { IntegrityError } from '../../src/errors.ts';
import { hex, keyOf } from './vectors.ts';

/** NIST GCM test cases 13, 14 and 16 (McGrew and Viega), AES-256. */
const VECTORS = [
  {
    name: 'nothing at all',
    key: '00'.repeat(32),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'one block',
    key: '00'.repeat(32),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    ciphertext: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'associated data and a part of a block',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    iv: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext: `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
      1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`,
    ciphertext: `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662`,
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
] as const;

describe('AES-256-GCM', () => {
  for (const { name, key, iv, aad, plaintext, ciphertext, tag } of VECTORS) {
    it(`meets the known answer for ${name}`, () => {
      const sealed = seal(hex(key), hex(iv), hex(aad), hex(plaintext));
      expect(sealed.ciphertext).to.deep.equal(hex(ciphertext));
      expect(sealed.tag).to.deep.equal(hex(tag));
      expect(open(keyOf(hex(key)), hex(iv), hex(aad), sealed)).to.deep.equal(hex(plaintext));
    });
  }

  const [key, iv, aad] = [randomBytes(32), randomBytes(12), Buffer.from('aad')];
  const sealed = seal(key, iv, aad, Buffer.from('payload'));
  const flipped = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(bytes[0] as number) ^ 1]), bytes.subarray(1)]);

  for (const [what, attempt] of [
    ['another key', () => open(randomBytes(32), iv, aad, sealed)],
    ['another IV', () => open(key, flipped(iv), aad, sealed)],
    ['other associated data', () => open(key, iv, flipped(aad), sealed)],
    ['another ciphertext', () => open(key, iv, aad, { ...sealed, ciphertext: flipped(sealed.ciphertext) })],
    ['another tag', () => open(key, iv, aad, { ...sealed, tag: flipped(sealed.tag) })],
  ] as const) {
    it(`does not open with ${what}`, () => {
      expect(attempt).to.throw(IntegrityError).with.property('message', '');
    });
  }

  it('takes no shortened tag', () => {
    for (const length of [4, 8, 12, 15]) {
      expect(() => open(key, iv, aad, { ...sealed, tag: sealed.tag.subarray(0, length) })).to.throw(
        /tag length/,
      );
    }
  });
});
