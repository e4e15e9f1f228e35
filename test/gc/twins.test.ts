import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { sweep } from '../../src/jobs/sweep.ts';
import { collectGarbage } from '../../src/operations/gc/collect-garbage.ts';
import { now } from '../../src/model/timestamp.ts';
import type { Secret } from '../../src/model/secret.ts';
import { guardStore } from '../../src/stores/guarded-store.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { openFake, type FakeBench } from '../stores/kmip-bench.ts';
import type { FakeObject } from '../stores/kmip-fake-objects.ts';
import { createPlace, found, memoryStores, payloadText, textAt, type Place } from './garbage.ts';

/** A lost answer, and the payload was written twice; only the row tells which of the two counts. */
describeDatabases('several objects of one secret in one store', (dialect) => {
  let db: TestDatabase;
  let bench: FakeBench;
  let store: SecretStore;
  let place: Place;
  let secret: Secret;
  let twin: string;
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());
  beforeEach(async () => {
    await db.knex('move_receipts').delete();
    await db.knex('secrets').delete();
    bench = await openFake();
    store = guardStore(
      bench.store,
      { concurrency: 4, deadline: 5 },
      { clockMs: () => performance.now(), random: Math.random, onChange: () => undefined },
    );
    const [elsewhere] = memoryStores();
    place = createPlace(db, [store, elsewhere]);
    secret = await place.create(store);
    twin = twinOf(bench, secret);
  });
  afterEach(async () => {
    await store.close();
    await bench.close();
  });

  const holds = (uid: string): boolean => bench.server.objects.all.has(uid);

  it('are the one that the row names, and garbage', async () => {
    expect(found(await place.collect(store))).to.include({ objects: 2, copies: 1, destroyed: 1 });
    expect(holds(twin)).to.equal(false);
    expect(await textAt(store, secret)).to.equal(payloadText(secret));
  });

  it('are all garbage where the row names another store', async () => {
    const [, elsewhere] = place.deps.stores.all as readonly [SecretStore, SecretStore];
    const other = elsewhere.name === store.name ? place.deps.stores.all[0]! : elsewhere;
    const ref = await other.put(secret, (await store.get(secret, secret.storeRef as never))!);
    await db.knex('secrets').where({ id: secret.id }).update({ store: other.name, store_ref: ref });
    expect(found(await place.collect(store))).to.include({ objects: 2, copies: 2, failed: 0 });
    await place.collect(store);
    expect(bench.server.objects.all.size).to.equal(0);
    const moved = { ...secret, storeRef: ref };
    expect(await textAt(other, moved)).to.equal(payloadText(secret));
  });

  it('are left to the sweep one by one where a collector died, which takes the garbage alone', async () => {
    const receipt = await place.deps.receipts.beginClearing(
      { secret, store: store.name, ref: `put:${secret.id}:${twin}` },
      now(),
    );
    expect(receipt).not.to.equal(undefined);
    expect(await sweep(place.deps, -1_000)).to.deep.equal({ finished: 1, failed: 0 });
    expect(holds(twin)).to.equal(false);
    expect(await textAt(store, secret)).to.equal(payloadText(secret));
  });

  it('are never taken for garbage by the row’s own ref', async () => {
    const { receipts } = place.deps;
    const own = { secret, store: store.name, ref: secret.storeRef ?? '' };
    expect(await receipts.beginClearing(own, now())).to.equal(undefined);
    const changed = { ...own, secret: { ...secret, version: 9 }, ref: 'x' };
    expect(await receipts.beginClearing(changed, now())).to.equal(undefined);
  });

  it('lie beside trials of killed starts, which go like orphans', async () => {
    const trial = twinOf(bench, secret, 'postern:fake:trial-of-a-killed-start', 7_200);
    const fresh = twinOf(bench, secret, 'postern:fake:trial-under-way', 10);
    const seen = await collectGarbage(place.deps, store, { destroy: true, atMost: 9 });
    expect(found(seen)).to.include({ orphans: 1, copies: 1, destroyed: 2 });
    expect([holds(trial), holds(fresh)]).to.deep.equal([false, true]);
    expect(place.logged.some((line) => line.includes(`"object":"trial:${trial}"`))).to.equal(true);
  });
});

/** Younger than the secret's own object: what is older counts. */
function twinOf({ server }: FakeBench, { id }: Secret, name = `postern:fake:${id}`, secondsOld = -5): string {
  const [own] = server.objects.all.values();
  const date = BigInt(Math.floor(Date.now() / 1_000) - secondsOld);
  const uid = `twin-${randomUUID()}`;
  server.objects.all.set(uid, { ...(own as FakeObject), names: [name], date });
  return uid;
}
