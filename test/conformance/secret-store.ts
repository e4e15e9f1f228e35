import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Conflict, IntegrityError, NotSupported } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { skipAloud } from '../helpers/databases.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import {
  admitted,
  bytesOf,
  payloadOf,
  rejection,
  type Current,
  type StoreFixture,
} from './secret-store-fixture.ts';
import { describeGeneration } from './secret-store-generation.ts';
import { describeInventory } from './secret-store-inventory.ts';
import { describeRotation } from './secret-store-rotation.ts';
import { describeSealing } from './secret-store-sealing.ts';
import { describeLikeMemory } from './secret-store-sequences.ts';

export type { StoreFixture } from './secret-store-fixture.ts';

/** Larger ones say nothing new and take long over a wire. */
const LARGEST_TRIED_BYTES = 1024 * 1024;

const ODD_PAYLOADS: Readonly<Record<string, Buffer>> = {
  'of no bytes': Buffer.alloc(0),
  'of one byte': Buffer.from([0x2a]),
  'of one NUL': Buffer.from([0]),
  'of NULs between text': Buffer.from('a\0\0b\0', 'latin1'),
  'with a newline at its end': Buffer.from('secret\n'),
  'that is Unicode': Buffer.from('пароль 🗝️ \u202e\ufeff'),
  'that is not UTF-8': Buffer.from('fffe80c3280041', 'hex'),
  'that looks like base64': Buffer.from('c2VjcmV0'),
  'that looks like JSON': Buffer.from('{"data":{"value":"00"}}'),
  'of every byte': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  'of 20000 bytes': randomBytes(20_000),
};

/** A kind of store that is not here: skipped by name, or failed when `REQUIRE_STORES` lists the kind. */
export function absentSecretStore(kind: string, reason: string): void {
  describe(`secret store ${kind}`, () => {
    skipAloud(reason, (process.env['REQUIRE_STORES'] ?? '').split(',').includes(kind));
  });
}

/** What every secret store owes the broker. Runs unchanged against each of them. */
export function describeSecretStore(name: string, open: () => Promise<StoreFixture>): void {
  describe(`secret store ${name}`, () => {
    let fixture: StoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(() => fixture.close());
    const current = (): StoreFixture => fixture;
    describeRoundTrips(current);
    describeRepetition(current);
    describeStrangers(current);
    describeConcurrency(current);
    describeSealing(current);
    describeRotation(current);
    describeLikeMemory(current);
    describeGeneration(current);
    describeInventory(current);
    describeLife(current);
  });
}

function describeRoundTrips(current: Current): void {
  for (const [what, bytes] of Object.entries(ODD_PAYLOADS)) {
    it(`gives back a payload ${what}, or refuses it by name if it declares to`, async () => {
      const { store } = current();
      const secret = await admitted(current());
      if (bytes.length < store.capabilities.minPayloadBytes) return expectRefused(store, secret, bytes);
      const ref = await store.put(secret, payloadOf(bytes));
      expect(await bytesOf(store, secret, ref)).to.deep.equal(bytes);
    });
  }

  it('gives back a payload of the largest size it declares', async () => {
    const { store } = current();
    const bytes = randomBytes(Math.min(store.capabilities.maxPayloadBytes, LARGEST_TRIED_BYTES));
    const secret = await admitted(current());
    const ref = await store.put(secret, payloadOf(bytes));
    expect((await bytesOf(store, secret, ref))?.equals(bytes)).to.equal(true);
  });

  it('refuses a larger one by name, before anything is written', async () => {
    const { store } = current();
    const secret = await admitted(current());
    await expectRefused(store, secret, Buffer.alloc(store.capabilities.maxPayloadBytes + 1));
  });

  it('gives back every type of secret it declares', async () => {
    const { store } = current();
    for (const secretType of store.capabilities.secretTypes) {
      const secret = await admitted(current(), { secretType });
      const ref = await store.put(secret, payloadOf(`a ${secretType}`));
      expect((await bytesOf(store, secret, ref))?.toString(), secretType).to.equal(`a ${secretType}`);
    }
  });

  it('gives a ref of at most 255 characters', async () => {
    const secret = await admitted(current());
    const ref = await current().store.put(secret, payloadOf('x'));
    expect(ref.length).to.be.within(1, 255);
  });

  it('leaves the payload it was given untouched, and keeps no hold on it', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const payload = payloadOf('before');
    const ref = await store.put(secret, payload);
    expect(payload.bytes().toString()).to.equal('before');
    payload.wipe();
    const given = await store.get(secret, ref);
    expect(given?.bytes().toString()).to.equal('before');
    given?.wipe();
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('before');
  });
}

async function expectRefused(store: SecretStore, secret: SecretHeader, bytes: Buffer): Promise<void> {
  const error = await rejection(store.put(secret, payloadOf(bytes)));
  expect(error).to.be.instanceOf(NotSupported);
  expect((error as Error).message).to.contain(store.name);
  expect(await store.locate(secret)).to.equal(undefined);
}

function describeRepetition(current: Current): void {
  it('gives the first ref back when the same bytes are put again', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const ref = await store.put(secret, payloadOf('same'));
    expect(await store.put(secret, payloadOf('same'))).to.equal(ref);
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('same');
  });

  for (const [what, other] of [
    ['other bytes of the same length', 'diff'],
    ['a longer payload', 'same and more'],
    ['a shorter payload', 's'],
  ] as const) {
    it(`is a Conflict when ${what} is put, and the first payload stays`, async () => {
      const { store } = current();
      const secret = await admitted(current());
      const ref = await store.put(secret, payloadOf('same'));
      expect(await rejection(store.put(secret, payloadOf(other)))).to.be.instanceOf(Conflict);
      expect((await bytesOf(store, secret, ref))?.toString()).to.equal('same');
    });
  }

  it('locates what was put, and nothing before', async () => {
    const { store } = current();
    const secret = await admitted(current());
    expect(await store.locate(secret)).to.equal(undefined);
    const ref = await store.put(secret, payloadOf('found'));
    expect(await store.locate(secret)).to.equal(ref);
  });

  it('destroys: afterwards it has nothing and locates nothing', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const ref = await store.put(secret, payloadOf('gone'));
    await store.destroy(secret, ref);
    expect(await store.get(secret, ref)).to.equal(undefined);
    expect(await store.locate(secret)).to.equal(undefined);
  });

  it('destroys twice', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const ref = await store.put(secret, payloadOf('gone'));
    await store.destroy(secret, ref);
    await store.destroy(secret, ref);
    expect(await store.get(secret, ref)).to.equal(undefined);
  });
}

function describeStrangers(current: Current): void {
  it('never gives a payload out by the ref of another secret', async () => {
    const { store } = current();
    const [mine, other] = [await admitted(current()), await admitted(current())];
    await store.put(mine, payloadOf('mine'));
    const ref = await store.put(other, payloadOf('other'));
    const given = await store.get(mine, ref).catch((error: unknown) => error);
    if (given !== undefined) expect(given).to.be.instanceOf(IntegrityError);
  });

  it('never destroys a payload by the ref of another secret', async () => {
    const { store } = current();
    const [mine, other] = [await admitted(current()), await admitted(current())];
    const ref = await store.put(other, payloadOf('other'));
    await store.destroy(mine, ref).catch(() => undefined);
    expect((await bytesOf(store, other, ref))?.toString()).to.equal('other');
  });

  it('has nothing of a secret it never saw', async () => {
    const { store } = current();
    const [known, unknown] = [await admitted(current()), await admitted(current())];
    const ref = await store.put(known, payloadOf('known'));
    await store.destroy(known, ref);
    expect(await store.locate(unknown)).to.equal(undefined);
    expect(await store.get(known, ref)).to.equal(undefined);
  });

  it('keeps two secrets of one project apart', async () => {
    const { store } = current();
    const first = await admitted(current());
    const second = await admitted(current(), { projectId: first.projectId });
    const refs = [
      await store.put(first, payloadOf('first')),
      await store.put(second, payloadOf('second')),
    ] as const;
    await store.destroy(first, refs[0]);
    expect((await bytesOf(store, second, refs[1]))?.toString()).to.equal('second');
  });
}

function describeConcurrency(current: Current): void {
  it('takes many first payloads of a new project at once', async () => {
    const { store } = current();
    const { projectId } = aSecretHeader();
    const secrets = await Promise.all(Array.from({ length: 12 }, () => admitted(current(), { projectId })));
    const refs = await Promise.all(secrets.map((secret) => store.put(secret, payloadOf(secret.id))));
    expect(new Set(refs).size).to.equal(secrets.length);
    const back = await Promise.all(secrets.map((secret, at) => bytesOf(store, secret, refs[at] as StoreRef)));
    expect(back.map(String)).to.deep.equal(secrets.map((secret) => secret.id));
  });

  it('gives one ref to the same payload put many times at once', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const refs = await Promise.all(Array.from({ length: 6 }, () => store.put(secret, payloadOf('once'))));
    expect(new Set(refs).size).to.equal(1);
    expect((await bytesOf(store, secret, refs[0] as StoreRef))?.toString()).to.equal('once');
  });

  it('lets one of many different payloads win, and tells the others', async () => {
    const { store } = current();
    const secret = await admitted(current());
    const texts = ['one', 'two', 'three', 'four', 'five'];
    const outcomes = await Promise.allSettled(texts.map((text) => store.put(secret, payloadOf(text))));
    const won = texts.filter((_, at) => outcomes[at]?.status === 'fulfilled');
    expect(won).to.have.length(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).to.be.instanceOf(Conflict);
    }
    const ref = (await store.locate(secret)) as StoreRef;
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal(won[0]);
  });
}

function describeLife(current: Current): void {
  it('is healthy', async () => {
    await current().store.health();
  });

  it('keeps payloads over a restart', async function () {
    const { store, reopen } = current();
    if (reopen === undefined) return this.skip();
    const secret = await admitted(current());
    const ref = await store.put(secret, payloadOf('kept'));
    const again = await reopen();
    try {
      expect(again.name).to.equal(store.name);
      expect(await again.locate(secret)).to.equal(ref);
      expect((await bytesOf(again, secret, ref))?.toString()).to.equal('kept');
      expect(await again.put(secret, payloadOf('kept'))).to.equal(ref);
    } finally {
      await again.close();
      await again.close();
    }
  });
}
