import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { PAIR_BITS } from '../../src/crypto/generate-key-pair.ts';
import { PAIR_KINDS, type PairKind } from '../../src/model/key-kind.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KeyGenerator, MadeKey } from '../../src/stores/secret-store.ts';
import { admitted, type Current } from './secret-store-fixture.ts';

/** Algorithms and lengths that clients order. */
const KEYS: readonly (readonly [algorithm: string, bits: number])[] = [
  ['aes', 128],
  ['aes', 192],
  ['aes', 256],
  ['des', 192],
  ['hmacsha1', 256],
  ['hmacsha256', 256],
  ['hmacsha512', 256],
];

/** Keys that a store makes itself; of one that makes none nothing is asked. */
export function describeGeneration(current: Current): void {
  const generator = (): KeyGenerator | undefined => current().store.generator;
  for (const [algorithm, bits] of KEYS) {
    const admit = (): Promise<SecretHeader> =>
      admitted(current(), { secretType: 'symmetric', algorithm, bitLength: bits, mode: 'cbc' });

    it(`makes keys for ${algorithm} of ${bits} bits, if it says so`, async function () {
      this.timeout(60_000);
      const secret = await admit();
      if (generator()?.makesKey(secret, bits) !== true) return this.skip();
      const other = await admit();
      const keys = [
        await bytesOfMade(current, secret, await generator()!.makeKey(secret, bits)),
        await bytesOfMade(current, other, await generator()!.makeKey(other, bits)),
      ];
      expect(keys.map((key) => key.length)).to.deep.equal([bits / 8, bits / 8]);
      expect(keys[0]!.equals(keys[1]!), 'two alike').to.equal(false);
    });
  }

  for (const kind of PAIR_KINDS) {
    const [bits = 0] = PAIR_BITS[kind].filter((length) => kind !== 'rsa' || length >= 2048);
    it(`makes ${kind} pairs of ${bits} bits, if it says so`, async function () {
      this.timeout(60_000);
      if (generator()?.makesPair(kind, bits) !== true) return this.skip();
      const pair = {
        privateKey: await admitted(current(), { secretType: 'private', algorithm: kind, bitLength: bits }),
        publicKey: await admitted(current(), { secretType: 'public', algorithm: kind, bitLength: bits }),
      };
      const made = await generator()!.makePair(pair, kind, bits);
      const privateKey = createPrivateKey(await bytesOfMade(current, pair.privateKey, made.privateKey));
      const publicPem = await bytesOfMade(current, pair.publicKey, made.publicKey);
      expectPair(kind, bits, privateKey, createPublicKey(publicPem));
      if (current().store.sealer !== undefined) return;
      await current().store.destroy(pair.privateKey, made.privateKey.ref);
      expect(await current().store.get(pair.privateKey, made.privateKey.ref)).to.equal(undefined);
      expect(await current().store.locate(pair.privateKey)).to.equal(undefined);
      expect(await bytesOfMade(current, pair.publicKey, made.publicKey), 'the other half').to.deep.equal(
        publicPem,
      );
    });
  }

  it('destroys a key it made as any other, and found it before', async function () {
    const secret = await admitted(current(), { secretType: 'symmetric', algorithm: 'aes', bitLength: 256 });
    if (generator()?.makesKey(secret, 256) !== true || current().store.sealer !== undefined) {
      return this.skip();
    }
    const { store } = current();
    const { ref } = await generator()!.makeKey(secret, 256);
    expect(await store.locate(secret)).to.equal(ref);
    await store.destroy(secret, ref);
    expect(await store.get(secret, ref)).to.equal(undefined);
    expect(await store.locate(secret)).to.equal(undefined);
  });
}

/** As the broker would read it. The size was told before anybody read. */
async function bytesOfMade(current: Current, secret: SecretHeader, made: MadeKey): Promise<Buffer> {
  const { store } = current();
  const payload =
    made.sealed === undefined
      ? await store.get(secret, made.ref)
      : await store.sealer?.open(secret, made.sealed);
  if (payload === undefined) throw new Error('the store has lost a key that it made');
  expect(payload.size).to.equal(made.size);
  return payload.bytes();
}

function expectPair(kind: PairKind, bits: number, privateKey: KeyObject, publicKey: KeyObject): void {
  const derived = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  expect(publicKey.export({ type: 'spki', format: 'der' })).to.deep.equal(derived);
  const { modulusLength, namedCurve } = privateKey.asymmetricKeyDetails ?? {};
  expect(privateKey.asymmetricKeyType).to.equal(kind === 'ecdsa' ? 'ec' : kind);
  if (kind === 'rsa' || kind === 'dsa') expect(modulusLength).to.equal(bits);
  if (kind === 'ecdsa') expect(namedCurve).to.equal(bits === 256 ? 'prime256v1' : 'secp384r1');
}
