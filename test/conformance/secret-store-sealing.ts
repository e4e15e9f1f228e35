import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { IntegrityError } from '../../src/errors.ts';
import { kekId } from '../../src/model/ids.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { Sealer } from '../../src/stores/secret-store.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { admitted, payloadOf, rejection, type Current } from './secret-store-fixture.ts';

/** Only for stores whose payloads are rows of ours: rows can be copied, swapped and edited. */
export function describeSealing(current: Current): void {
  const sealerOf = (context: Mocha.Context): Sealer => current().store.sealer ?? context.skip();
  const mustNotOpen = async (sealer: Sealer, secret: SecretHeader, sealed: SealedPayload): Promise<void> => {
    expect(await rejection(sealer.open(secret, sealed))).to.be.instanceOf(IntegrityError);
  };

  it('opens what it sealed, and seals the same bytes differently each time', async function () {
    const sealer = sealerOf(this);
    const secret = await admitted(current());
    const sealed = await sealer.seal(secret, payloadOf('sealed'));
    const again = await sealer.seal(secret, payloadOf('sealed'));
    expect((await sealer.open(secret, sealed)).bytes().toString()).to.equal('sealed');
    expect((await sealer.open(secret, again)).bytes().toString()).to.equal('sealed');
    expect(sealed.blob.equals(again.blob)).to.equal(false);
    expect(sealed.blob.includes('sealed')).to.equal(false);
  });

  it('does not open a row copied over another secret', async function () {
    const sealer = sealerOf(this);
    const secret = await admitted(current());
    const other = await admitted(current(), { projectId: secret.projectId });
    await mustNotOpen(sealer, other, await sealer.seal(secret, payloadOf('x')));
  });

  it('does not open a row moved to another project', async function () {
    const sealer = sealerOf(this);
    const secret = await admitted(current());
    const sealed = await sealer.seal(secret, payloadOf('x'));
    const { projectId } = aSecretHeader();
    await mustNotOpen(sealer, { ...secret, projectId }, sealed);
  });

  it('does not open a row of another project that has a KEK of its own', async function () {
    const sealer = sealerOf(this);
    const [secret, other] = [await admitted(current()), await admitted(current())];
    const ours = await sealer.seal(secret, payloadOf('x'));
    const theirs = await sealer.seal(other, payloadOf('y'));
    await mustNotOpen(sealer, secret, theirs);
    await mustNotOpen(sealer, secret, { kekId: theirs.kekId, blob: ours.blob });
    await mustNotOpen(sealer, secret, { kekId: ours.kekId, blob: theirs.blob });
  });

  it('does not open a row of another store', async function () {
    const sealer = sealerOf(this);
    const { sibling } = current();
    if (sibling?.sealer === undefined) return this.skip();
    const secret = await admitted(current());
    await mustNotOpen(sibling.sealer, secret, await sealer.seal(secret, payloadOf('x')));
  });

  it('does not open a row with any one byte changed, cut off or added', async function () {
    const sealer = sealerOf(this);
    const secret = await admitted(current());
    const { kekId: kek, blob } = await sealer.seal(secret, payloadOf('0123456789'));
    for (let at = 0; at < blob.length; at += 1) {
      const changed = Buffer.from(blob);
      changed[at] = (changed[at] as number) ^ 0x01;
      await mustNotOpen(sealer, secret, { kekId: kek, blob: changed });
    }
    await mustNotOpen(sealer, secret, { kekId: kek, blob: blob.subarray(0, -1) });
    await mustNotOpen(sealer, secret, { kekId: kek, blob: Buffer.concat([blob, Buffer.from([0])]) });
    await mustNotOpen(sealer, secret, { kekId: kek, blob: Buffer.alloc(0) });
  });

  it('says of an unknown KEK that the store is not available, never that there is no payload', async function () {
    const sealer = sealerOf(this);
    const secret = await admitted(current());
    const { blob } = await sealer.seal(secret, payloadOf('x'));
    const error = await rejection(sealer.open(secret, { kekId: kekId(randomUUID()), blob }));
    expect(error).to.have.property('status', 503);
  });
}
