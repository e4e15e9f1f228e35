import { expect } from 'chai';
import { StoreRejected } from '../../src/errors.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { everyObject, type StoredObject } from '../../src/stores/inventory.ts';
import { storeRef, type SecretStore, type StoreRef } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { startFakeKra, type FakeKra } from './dogtag-fake.ts';

async function objectsOf({ inventory }: SecretStore): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of everyObject(inventory!)) objects.push(object);
  return objects;
}

const objectOf = (secretId: SecretHeader['id'], ref: StoreRef): StoredObject => ({
  secretId,
  projectId: undefined,
  ref,
});

describe('what a Dogtag store lists', () => {
  let fake: FakeKra;
  beforeEach(async () => {
    fake = await startFakeKra();
  });
  afterEach(() => fake.close());

  /** As two archivals at once leave them, which this KRA would refuse one of. */
  const keysAs = (clientKeyIDs: readonly string[], status = 'active'): void =>
    fake.respond(({ line }) =>
      line.startsWith('GET /kra/rest/agent/keys?')
        ? {
            status: 200,
            json: {
              entries: clientKeyIDs.map((clientKeyID, at) => ({
                keyURL: `/keys/${at + 1}`,
                clientKeyID,
                status,
              })),
            },
          }
        : undefined,
    );

  it('is every key, page by page, beyond the first hundred', async function () {
    this.timeout(60_000);
    const store = await fake.open({ concurrency: 32 });
    const secrets = Array.from({ length: 620 }, () => aSecretHeader());
    const refs: StoreRef[] = [];
    for (const secret of secrets) refs.push(await store.put(secret, payloadOf('x')));
    expect(await objectsOf(store)).to.deep.equal(secrets.map(({ id }, at) => objectOf(id, refs[at]!)));
    expect(fake.seen.filter(({ line }) => line.includes('maxTime'))).to.have.length(2);
  });

  it('is each of several keys of one secret, and one goes without the others', async () => {
    const store = await fake.open();
    const { id } = aSecretHeader();
    keysAs([`postern:kra:${id}`, `postern:kra:${id}`]);
    expect(await objectsOf(store)).to.deep.equal([objectOf(id, storeRef('1')), objectOf(id, storeRef('2'))]);
    fake.respond(() => undefined);
    const [secret, other] = [aSecretHeader(), aSecretHeader()];
    const [ref, kept] = [
      await store.put(secret, payloadOf('one')),
      await store.put(other, payloadOf('other')),
    ];
    await store.inventory!.destroy(objectOf(secret.id, ref));
    expect(await objectsOf(store)).to.deep.equal([objectOf(other.id, kept)]);
    expect(fake.seen.filter(({ line }) => line.includes('status=inactive'))).to.have.length(1);
  });

  it('is not what others archived, nor what only looks like ours', async () => {
    const store = await fake.open();
    const { id } = aSecretHeader();
    keysAs(['', id, `postern:other:${id}`, `Postern:kra:${id}`, `postern:kra:${id} `, `postern:kra:x${id}`]);
    expect(await objectsOf(store)).to.deep.equal([]);
    keysAs([`postern:kra:${id}`], 'inactive');
    expect(await objectsOf(store)).to.deep.equal([]);
    keysAs([`postern:kra:${id}`]);
    expect(await objectsOf(store)).to.have.length(1);
  });

  it('is destroyed only where its key has the secret’s name', async () => {
    const store = await fake.open();
    const [mine, other] = [aSecretHeader(), aSecretHeader()];
    const ref = await store.put(mine, payloadOf('mine'));
    for (const object of [
      objectOf(other.id, ref),
      objectOf(mine.id, storeRef('99')),
      objectOf(mine.id, storeRef('x')),
    ])
      await store.inventory!.destroy(object);
    expect(String(await bytesOf(store, mine, ref))).to.equal('mine');
  });

  it('is an error where the KRA does not answer with a list', async () => {
    const store = await fake.open();
    fake.respond(({ line }) => (line.includes('maxTime') ? { status: 200, json: { total: 0 } } : undefined));
    expect(await rejection(objectsOf(store))).to.be.instanceOf(StoreRejected);
  });
});
