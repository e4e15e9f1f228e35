import { expect } from 'chai';
import { generateKey } from '../../src/crypto/generate-key.ts';

describe('a generated key', () => {
  for (const bits of [64, 128, 192, 256, 512]) {
    it(`has ${bits} bits, in memory of its own`, async () => {
      const key = await generateKey(bits);
      expect(key.size).to.equal(bits / 8);
      // A slice of Node's shared pool would leave copies to whoever gets the rest of it.
      expect(key.bytes().buffer.byteLength).to.equal(bits / 8);
    });
  }

  it('is random in every byte', async () => {
    const keys = await Promise.all(Array.from({ length: 200 }, () => generateKey(128)));
    expect(new Set(keys.map((key) => key.bytes().toString('hex'))).size).to.equal(200);
    for (let at = 0; at < 16; at += 1) {
      // With 200 random bytes, fewer than 50 different ones is less likely than a broken machine.
      expect(new Set(keys.map((key) => key.bytes()[at])).size).to.be.above(50);
    }
  });
});
