import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createKra, type Kra } from '../../backends/dogtag/kra.ts';
import type { KeyId } from '../../backends/dogtag/key-record.ts';
import { clientKeyIdOf } from '../../backends/dogtag/payloads.ts';
import { createRest, type Rest } from '../../backends/dogtag/rest.ts';
import { createSession } from '../../backends/dogtag/session.ts';
import { createTransport } from '../../backends/dogtag/transport.ts';
import { Conflict } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type KeyGenerator, type SecretStore } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { DOGTAG_URL, openDogtag, optionsOf, skipWithoutDogtag } from './dogtag-server.ts';

describe('keys in a KRA', function () {
  this.timeout(120_000);
  if (DOGTAG_URL === undefined) return skipWithoutDogtag();
  let store: SecretStore;
  /** As another process would have it. */
  let another: SecretStore;
  let rest: Rest;
  let kra: Kra;
  before(async () => {
    [store, another] = [await openDogtag(), await openDogtag()];
    rest = createRest(optionsOf());
    const subsystem = '/kra/rest';
    const session = createSession(rest, subsystem);
    const transport = createTransport({ rest, subsystem, wrap: 'rsa-pkcs1', clockMs: Date.now });
    kra = createKra({ rest, session, transport, subsystem, generateWithin: 30 });
  });
  after(async () => {
    await store.close();
    await another.close();
    rest.close();
  });

  const nameOf = (secret: SecretHeader): string =>
    clientKeyIdOf({ name: 'kra', namespace: 'postern' }, secret);
  const activeOf = async (secret: SecretHeader): Promise<readonly string[]> =>
    (await kra.listActive(nameOf(secret))).map(({ id }) => id);
  /** As archivals at once leave them: the KRA would refuse a second one after the first. */
  const archiveTwice = async (secret: SecretHeader, texts: readonly string[]): Promise<readonly string[]> => {
    for (let tries = 0; tries < 10; tries += 1) {
      await Promise.all(texts.map((text) => kra.archive(nameOf(secret), Buffer.from(text))));
      const active = await activeOf(secret);
      if (active.length > 1) return active;
      for (const id of active) await kra.deactivate(id as KeyId);
    }
    throw new Error('the KRA lets no two archivals at once succeed any more');
  };

  it('are one to a secret when two processes put the same payload at once', async () => {
    const secret = aSecretHeader();
    const refs = await Promise.all([store, another].map((one) => one.put(secret, payloadOf('same'))));
    expect(new Set(refs).size).to.equal(1);
    expect(await activeOf(secret)).to.deep.equal([refs[0]]);
  });

  it('are one to a secret when two processes put different payloads at once', async () => {
    const secret = aSecretHeader();
    const puts = [store, another].map((one, at) => one.put(secret, payloadOf(`payload ${at}`)));
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(lost?.reason).to.be.instanceOf(Conflict);
    expect(await activeOf(secret)).to.have.length(1);
  });

  it('of one name count from the oldest, and are destroyed together', async () => {
    const secret = aSecretHeader();
    const [oldest = ''] = await archiveTwice(secret, ['twin', 'twin']);
    expect(await store.locate(secret)).to.equal(oldest);
    expect(await store.put(secret, payloadOf('twin'))).to.equal(oldest);
    await store.destroy(secret, storeRef(oldest));
    expect(await activeOf(secret)).to.deep.equal([]);
  });

  it('that are inactive are not given out, though the KRA would', async () => {
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('gone'));
    await store.destroy(secret, ref);
    const kept = await kra.retrieve(ref as unknown as KeyId);
    expect(kept?.bytes.toString()).to.equal('gone');
    expect(await store.get(secret, ref)).to.equal(undefined);
    expect(await store.put(secret, payloadOf('new'))).not.to.equal(ref);
  });

  it('are not looked for by what is no id', async () => {
    for (const ref of ['', '../keys', '1?status=active', 'active/x', '0x', '-1', '1e3', '9'.repeat(70)])
      expect(await store.get(aSecretHeader(), storeRef(ref))).to.equal(undefined);
  });

  it('of stores with odd names, and with names alike, are kept apart', async () => {
    const names = ['a*b (c)', 'a*B (c)', 'Ключи', 'a  b', 'a b', ' '];
    const stores = await Promise.all(names.map((name) => openDogtag({ name })));
    const secret = aSecretHeader();
    const refs = [];
    for (const [at, one] of stores.entries()) refs.push(await one.put(secret, payloadOf(`of ${at}`)));
    expect(new Set(refs).size).to.equal(names.length);
    for (const [at, one] of stores.entries()) {
      expect(await one.locate(secret)).to.equal(refs[at]);
      expect((await bytesOf(one, secret, refs[at]!))?.toString()).to.equal(`of ${at}`);
    }
    await Promise.all(stores.map((one) => one.close()));
  });

  it('of many bytes arrive whole, several at once', async () => {
    const sizes = [16_384, 20_000, 32_768, 65_536, 65_535, 40_000];
    await Promise.all(
      sizes.map(async (size) => {
        const [secret, bytes] = [aSecretHeader(), randomBytes(size)];
        const ref = await store.put(secret, payloadOf(bytes));
        expect((await bytesOf(store, secret, ref))?.equals(bytes), `${size} bytes`).to.equal(true);
      }),
    );
  });

  it('that the KRA made are the same when asked for again, and never take the place of a payload', async () => {
    const generator = store.generator as KeyGenerator;
    const secret = aSecretHeader({ secretType: 'symmetric', algorithm: 'AES', bitLength: 256 });
    const made = await generator.makeKey(secret, 256);
    expect(await generator.makeKey(secret, 256)).to.deep.equal(made);
    expect(await rejection(generator.makeKey(secret, 128))).to.be.instanceOf(Conflict);
    expect(await rejection(store.put(secret, payloadOf('other')))).to.be.instanceOf(Conflict);
    const taken = aSecretHeader();
    await store.put(taken, payloadOf('payload'));
    expect(await rejection(generator.makeKey(taken, 256))).to.be.instanceOf(Conflict);
  });

  it('are made by the KRA only where they come back', () => {
    const generator = store.generator as KeyGenerator;
    const aes = aSecretHeader({ algorithm: 'AES' });
    const desede = aSecretHeader({ algorithm: '3des' });
    expect([128, 192, 256, 512].map((bits) => generator.makesKey(aes, bits))).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
    expect([168, 192].some((bits) => generator.makesKey(desede, bits))).to.equal(false);
    expect([1024, 2048, 3072, 4096, 8192].map((bits) => generator.makesPair('rsa', bits))).to.deep.equal([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect((['dsa', 'ecdsa', 'ed25519'] as const).some((kind) => generator.makesPair(kind, 256))).to.equal(
      false,
    );
  });

  it('come with facts that an operator wants', async () => {
    const facts = await store.health();
    expect(facts).to.include({ api: 'rest', agent: 'postern' });
    expect(facts['version']).to.match(/^\d+\.\d+/);
    for (const name of ['certificate_days_left', 'transport_certificate_days_left'])
      expect(facts[name]).to.be.within(1, 3_000);
  });
});
