import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { StoreUnavailable } from '../../src/errors.ts';
import { containerId } from '../../src/model/ids.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now, type Timestamp } from '../../src/model/timestamp.ts';
import { deleteExpired } from '../../src/operations/gc/delete-expired.ts';
import { createContainerMemberRepository } from '../../src/repositories/container-members.ts';
import { countVisible } from '../../src/repositories/secret-counts.ts';
import type { StoredSecret } from '../../src/repositories/move-receipts.ts';
import { runId } from '../../src/model/run.ts';
import { storeRef } from '../../src/stores/secret-store.ts';
import { payloadOf } from '../conformance/secret-store-fixture.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createPlace, daysAgo, memoryStores, payloadText, type Place } from './garbage.ts';

describeDatabases('expired secrets', (dialect) => {
  let db: TestDatabase;
  let place: Place;
  let [a, b] = memoryStores();
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());
  beforeEach(async () => {
    for (const table of ['containers', 'move_receipts', 'secrets', 'secret_counts'])
      await db.knex(table).delete();
    [a, b] = memoryStores();
    place = createPlace(db, [a, b]);
  });

  const expiredAt = (expiresAt: Timestamp | null, store = a): Promise<Secret> =>
    place.create(store, { expiresAt });
  const isThere = async ({ id }: Secret): Promise<boolean> => (await place.row(id)) !== undefined;

  it('go with their payloads once they have been expired for long enough, and no others', async () => {
    const old = [await expiredAt(daysAgo(40)), await expiredAt(daysAgo(31), b)];
    const others = [await expiredAt(daysAgo(29)), await expiredAt(daysAgo(-1)), await expiredAt(null)];
    expect(await place.deps.garbage.countAnyProjectExpired(daysAgo(30))).to.deep.equal(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    );
    expect(await deleteExpired(place.deps, daysAgo(30))).to.deep.equal({ done: 2, skipped: 0, failed: 0 });
    for (const secret of old) {
      expect(await isThere(secret)).to.equal(false);
      expect(await a.locate(secret)).to.equal(undefined);
      expect(await b.locate(secret)).to.equal(undefined);
    }
    for (const secret of others) expect(await a.locate(secret)).to.equal(secret.storeRef);
    expect(await countVisible(db, 'p-1', now())).to.equal(2);
    expect(place.logged.filter((line) => line.includes('deleted an expired secret'))).to.have.length(2);
    expect(place.logged.join()).not.to.contain(payloadText(old[0]!));
  });

  it('of one store only, if that is asked for', async () => {
    const [here, there] = [await expiredAt(daysAgo(40)), await expiredAt(daysAgo(40), b)];
    expect(await deleteExpired(place.deps, daysAgo(30), 'b')).to.include({ done: 1, skipped: 1 });
    expect(await isThere(here)).to.equal(true);
    expect(await isThere(there)).to.equal(false);
  });

  it('without a payload go, too', async () => {
    const empty = await place.createEmpty();
    await db
      .knex('secrets')
      .where({ id: empty.id })
      .update({ expires_at: daysAgo(40) });
    expect(await deleteExpired(place.deps, daysAgo(30))).to.include({ done: 1 });
    expect(await isThere(empty)).to.equal(false);
  });

  it('stay while somebody is registered to use them, and are counted', async () => {
    const secret = await expiredAt(daysAgo(40));
    const user = { service: 'image', resourceType: 'image', resourceId: '1' };
    await place.deps.secretConsumers.register(secret.id, secret.projectId, user, now());
    expect(await place.deps.garbage.countAnyProjectExpiredInUse(daysAgo(30))).to.equal(1);
    expect(await deleteExpired(place.deps, daysAgo(30))).to.deep.equal({ done: 0, skipped: 1, failed: 0 });
    expect(await isThere(secret)).to.equal(true);
  });

  it('go out of the containers they are in, as a DELETE has it', async () => {
    const secret = await expiredAt(daysAgo(40));
    const id = containerId(randomUUID());
    const at = now();
    await db
      .knex('containers')
      .insert({ id, project_id: 'p-1', type: 'generic', created_at: at, updated_at: at });
    const members = createContainerMemberRepository(db);
    expect(await members.add(id, { name: null, secretId: secret.id }, at)).to.equal('added');
    await deleteExpired(place.deps, daysAgo(30));
    expect((await members.listOf([id])).get(id)).to.deep.equal([]);
    expect(await db.knex('containers').where({ id })).to.have.length(1);
  });

  it('go from both stores where a move kept the old copy', async () => {
    const secret = (await expiredAt(daysAgo(40))) as StoredSecret;
    const ref = await b.put(secret, payloadOf(payloadText(secret)));
    const receipt = await place.deps.receipts.begin(runId('mov-1'), secret, 'b', now());
    expect(await place.deps.receipts.move(receipt!, secret, ref, now())).to.equal(true);
    expect(await deleteExpired(place.deps, daysAgo(30))).to.include({ done: 1 });
    for (const store of [a, b]) expect(await store.locate(secret)).to.equal(undefined);
  });

  it('are more than a page, kept ones among them', async () => {
    const secrets = [];
    for (let count = 0; count < 450; count += 1) secrets.push(await expiredAt(daysAgo(31 + (count % 3))));
    const user = { service: 's', resourceType: 't', resourceId: '1' };
    for (const { id, projectId } of secrets.filter((_, at) => at % 10 === 0))
      await place.deps.secretConsumers.register(id, projectId, user, now());
    expect(await deleteExpired(place.deps, daysAgo(30))).to.deep.equal({ done: 405, skipped: 45, failed: 0 });
    expect(await db.knex('secrets')).to.have.length(45);
  }).timeout(60_000);

  it('whose store is away stay, half done, and are said to have failed', async () => {
    const [away, fine] = [await expiredAt(daysAgo(40)), await expiredAt(daysAgo(40), b)];
    const broken = { ...a, destroy: () => Promise.reject(new StoreUnavailable('gone')) };
    const other = createPlace(db, [broken, b]);
    expect(await deleteExpired(other.deps, daysAgo(30))).to.deep.equal({ done: 1, skipped: 0, failed: 1 });
    expect(await isThere(fine)).to.equal(false);
    expect(await place.row(away.id)).to.include({ state: 'destroying' });
    expect(other.logged.some((line) => line.includes('could not delete') && line.includes('gone'))).to.equal(
      true,
    );
  });

  it('go once when two collectors are at it', async () => {
    for (let count = 0; count < 40; count += 1) await expiredAt(daysAgo(40));
    const other = createPlace(db, [a, b]);
    const counts = await Promise.all([place, other].map(({ deps }) => deleteExpired(deps, daysAgo(30))));
    expect(counts.map(({ failed }) => failed)).to.deep.equal([0, 0]);
    expect(await db.knex('secrets')).to.deep.equal([]);
    expect(await countVisible(db, 'p-1', now()), 'counted once').to.equal(0);
  });
});

describeDatabases('what rows are left over', (dialect) => {
  let db: TestDatabase;
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());

  it('is reservations that ran out, rows that nobody finished, and what ended long ago', async () => {
    const [a] = memoryStores();
    const place = createPlace(db, [a]);
    const { garbage, runs, receipts } = place.deps;
    const reserve = (object_id: string, expires_at: Timestamp): Promise<unknown> =>
      db.knex('quota_reservations').insert({ object_id, project_id: 'p-1', kind: 'secrets', expires_at });
    await reserve('old', daysAgo(1));
    await reserve('taken', daysAgo(-1));
    expect(await garbage.countExpiredReservations(now())).to.equal(1);
    expect(await garbage.removeExpiredReservations(now())).to.equal(1);
    expect(await db.knex('quota_reservations').select('object_id')).to.deep.equal([{ object_id: 'taken' }]);

    const [half, secret] = [await place.create(a), await place.create(a)];
    await db
      .knex('secrets')
      .where({ id: half.id })
      .update({ state: 'pending', updated_at: daysAgo(1) });
    expect(await garbage.countAnyProjectUnfinished(daysAgo(0))).to.deep.equal(new Map([['a', 1]]));
    expect(await garbage.countAnyProjectUnfinished(daysAgo(2))).to.deep.equal(new Map());

    for (const [name, state] of [
      ['ended', 'done'],
      ['open', 'open'],
    ] as const) {
      await runs.insert({ id: runId(name), kind: 'move', spec: {} }, daysAgo(9));
      await db
        .knex('runs')
        .where({ id: name })
        .update({ state, updated_at: daysAgo(8) });
    }
    const spare = { secret, store: 'b', ref: storeRef('x') };
    const receipt = await receipts.beginClearing(spare, daysAgo(8));
    await receipts.end([receipt!], daysAgo(8));
    const open = await receipts.beginClearing(spare, daysAgo(8));
    expect(await garbage.countEndedRuns(daysAgo(7))).to.equal(1);
    expect(await runs.removeEnded(daysAgo(7))).to.equal(1);
    expect(await db.knex('runs').select('id')).to.deep.equal([{ id: 'open' }]);
    expect(await db.knex('move_receipts').select('id')).to.deep.equal([{ id: open!.id }]);
  });
});
