import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { decodeSealed } from '../../src/crypto/envelope.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { IntegrityError } from '../../src/errors.ts';
import type { KekRecord } from '../../src/model/kek.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import type { KeyRotation, Resealing } from '../../src/stores/key-rotation.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import {
  admitted,
  payloadOf,
  rejection,
  type Current,
  type RotationFixture,
} from './secret-store-fixture.ts';

interface Parts {
  readonly store: SecretStore;
  readonly rotation: KeyRotation;
  readonly fixture: RotationFixture;
}

interface SealedSecret {
  readonly secret: SecretHeader;
  readonly sealed: SealedPayload;
  readonly payload: Buffer;
}

/** Only for stores that seal under keys of their own. */
export function describeRotation(current: Current): void {
  const partsOf = (context: Mocha.Context): Parts => {
    const { store, rotation: fixture } = current();
    if (store.rotation === undefined || fixture === undefined) return context.skip();
    return { store, rotation: store.rotation, fixture };
  };
  const sealOne = async (store: SecretStore, secret?: SecretHeader): Promise<SealedSecret> => {
    const header = secret ?? (await admitted(current()));
    const payload = randomBytes(100);
    return { secret: header, sealed: (await store.sealer?.seal(header, payloadOf(payload)))!, payload };
  };
  const opened = async (
    store: SecretStore,
    { secret }: SealedSecret,
    sealed: SealedPayload,
  ): Promise<Buffer> => (await store.sealer?.open(secret, sealed))!.bytes();
  const activeOf = async ({ fixture, store }: Parts, { projectId }: SecretHeader): Promise<KekRecord> =>
    (await fixture.keks.findActive(store.name, projectId))!;
  /** The project's new KEK, as a rotation makes it. */
  const rotated = async (parts: Parts, secret: SecretHeader): Promise<KekRecord> => {
    const seen = await activeOf(parts, secret);
    const fresh = await parts.rotation.newKek(secret.projectId, seen.version + 1);
    expect(await parts.fixture.keksInRotation.rotateActive(seen, fresh, now())).to.equal(true);
    return activeOf(parts, secret);
  };

  it('makes a new KEK for a project, under the first of its master keys', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const before = await activeOf(parts, one.secret);
    const kek = await rotated(parts, one.secret);
    expect(kek).to.include({
      version: before.version + 1,
      state: 'active',
      rootKey: parts.rotation.masterKeys[0],
    });
    expect(kek.id).not.to.equal(before.id);
    expect((await opened(parts.store, one, one.sealed)).equals(one.payload), 'under the old one').to.equal(
      true,
    );
  });

  for (const how of ['rewrap', 'reseal'] as const satisfies readonly Resealing[]) {
    it(`puts payloads under the new KEK (${how}), where they open and do not under the old one`, async function () {
      const parts = partsOf(this);
      const one = await sealOne(parts.store);
      const kek = await rotated(parts, one.secret);
      const fresh = await parts.rotation.reseal(one.secret, one.sealed, kek, how);
      expect(fresh?.kekId).to.equal(kek.id);
      expect((await opened(parts.store, one, fresh!)).equals(one.payload)).to.equal(true);
      const named = { ...fresh!, kekId: one.sealed.kekId };
      expect(await rejection(opened(parts.store, one, named))).to.be.instanceOf(IntegrityError);
    });
  }

  it('touches no byte of a payload that has a data key of its own, unless it is to be sealed again', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const kek = await rotated(parts, one.secret);
    const before = decodeSealed(one.sealed.blob);
    const rewrapped = decodeSealed(
      (await parts.rotation.reseal(one.secret, one.sealed, kek, 'rewrap'))!.blob,
    );
    const resealed = decodeSealed((await parts.rotation.reseal(one.secret, one.sealed, kek, 'reseal'))!.blob);
    const isKept = before.suite !== 'none';
    expect(rewrapped.iv.equals(before.iv), 'the IV').to.equal(isKept);
    expect(rewrapped.ciphertext.equals(before.ciphertext), 'the ciphertext').to.equal(isKept);
    expect(rewrapped.tag.equals(before.tag), 'the tag').to.equal(isKept);
    expect(resealed.iv.equals(before.iv)).to.equal(false);
    expect(resealed.ciphertext.equals(before.ciphertext)).to.equal(false);
  });

  it('finds nothing to do where a payload is under that KEK, and seals it again when asked', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const kek = await activeOf(parts, one.secret);
    expect(await parts.rotation.reseal(one.secret, one.sealed, kek, 'rewrap')).to.equal(undefined);
    const fresh = await parts.rotation.reseal(one.secret, one.sealed, kek, 'reseal');
    expect(fresh?.blob.equals(one.sealed.blob)).to.equal(false);
    expect((await opened(parts.store, one, fresh!)).equals(one.payload)).to.equal(true);
  });

  it('puts no payload that is damaged, or of another secret, under another KEK', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const other = await admitted(current(), { projectId: one.secret.projectId });
    const stranger = await sealOne(parts.store);
    const kek = await rotated(parts, one.secret);
    const theirs = await activeOf(parts, stranger.secret);
    const damaged = Buffer.from(one.sealed.blob);
    damaged[30] = (damaged[30] as number) ^ 1;
    for (const how of ['rewrap', 'reseal'] as const) {
      const reseal = (secret: SecretHeader, sealed: SealedPayload, to: KekRecord): Promise<unknown> =>
        rejection(parts.rotation.reseal(secret, sealed, to, how));
      expect(await reseal(one.secret, { ...one.sealed, blob: damaged }, kek)).to.be.instanceOf(
        IntegrityError,
      );
      expect(await reseal(other, one.sealed, kek), 'another secret').to.be.instanceOf(IntegrityError);
      expect(await reseal(one.secret, one.sealed, theirs), 'another project').to.be.instanceOf(
        IntegrityError,
      );
    }
  });

  it('wraps KEKs by a new master key; what they sealed, and seal, opens before and after', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const seen = await activeOf(parts, one.secret);
    expect(await parts.rotation.rewrap(seen), 'nothing to do').to.equal(undefined);
    const renewed = await parts.fixture.renewed();
    const [first, second] = renewed.rotation!.masterKeys;
    expect(second).to.equal(seen.rootKey);
    const fresh = await renewed.rotation!.rewrap(seen);
    expect(fresh?.rootKey).to.equal(first);
    expect(await parts.fixture.keksInRotation.replaceWrapped(seen, fresh!, now())).to.equal(true);
    expect(await activeOf(parts, one.secret)).to.deep.equal({ ...seen, ...fresh, uses: seen.uses });
    for (const store of [renewed, await parts.fixture.renewed()]) {
      expect((await opened(store, one, one.sealed)).equals(one.payload)).to.equal(true);
      const two = await sealOne(store, await admitted(current(), { projectId: one.secret.projectId }));
      expect(two.sealed.kekId).to.equal(seen.id);
      expect((await opened(store, two, two.sealed)).equals(two.payload)).to.equal(true);
    }
    const atHand = await opened(parts.store, one, one.sealed);
    expect(atHand.equals(one.payload), 'with the KEK at hand').to.equal(true);
    // Back again: a store that knows the first master key alone is opened by other tests.
    const back = { rootKey: seen.rootKey, wrapped: seen.wrapped! };
    await parts.fixture.keksInRotation.replaceWrapped({ ...seen, ...fresh }, back, now());
  });

  it('wraps no KEK again that was changed, or destroyed', async function () {
    const parts = partsOf(this);
    const one = await sealOne(parts.store);
    const kek = await activeOf(parts, one.secret);
    const renewed = await parts.fixture.renewed();
    const rewrap = (changes: Partial<KekRecord>): Promise<unknown> =>
      rejection(renewed.rotation!.rewrap({ ...kek, ...changes }));
    expect(await rewrap({ version: kek.version + 1 })).to.be.instanceOf(IntegrityError);
    const damaged = Buffer.from(kek.wrapped!);
    damaged[damaged.length - 40] = (damaged.at(-40) as number) ^ 1;
    expect(await rewrap({ wrapped: damaged })).to.be.instanceOf(IntegrityError);
    expect(await rewrap({ wrapped: null })).to.be.instanceOf(KeyDestroyed);
  });
}
