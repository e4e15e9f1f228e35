import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { sweep } from '../../src/jobs/sweep.ts';
import { orderId, secretId, type SecretId } from '../../src/model/ids.ts';
import type { Receipt } from '../../src/model/move.ts';
import { runId } from '../../src/model/run.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { clearStore } from '../../src/operations/gc/clear-store.ts';
import { collectGarbage } from '../../src/operations/gc/collect-garbage.ts';
import { surveyStore } from '../../src/operations/gc/survey-store.ts';
import { addPayload } from '../../src/operations/secrets/add-payload.ts';
import { deleteSecret } from '../../src/operations/secrets/delete-secret.ts';
import type { StoredSecret } from '../../src/repositories/move-receipts.ts';
import type { Inventory } from '../../src/stores/inventory.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createPlace, found, memoryStores, payloadText, textAt, type Place } from './garbage.ts';

describeDatabases('garbage in stores', (dialect) => {
  let db: TestDatabase;
  let place: Place;
  let [a, b] = memoryStores();
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());
  beforeEach(async () => {
    for (const table of ['orders', 'move_receipts', 'runs', 'secrets']) await db.knex(table).delete();
    [a, b] = memoryStores();
    place = createPlace(db, [a, b]);
  });

  const NOTHING = { orphans: 0, copies: 0, underWay: 0, destroyed: 0, kept: 0, failed: 0 };

  it('is not what a row refers to', async () => {
    const secrets = [await place.create(a), await place.create(a), await place.create(b)];
    expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 2 });
    expect(found(await place.collect(b))).to.deep.equal({ ...NOTHING, objects: 1 });
    for (const secret of secrets)
      expect(await textAt(secret.store === 'a' ? a : b, secret)).to.equal(payloadText(secret));
  });

  it('is what no row refers to: counted, and destroyed once that is asked for', async () => {
    const secret = await place.create(a);
    const orphans = [await place.leave(a), await place.leave(a)];
    const seen = { ...NOTHING, objects: 3, orphans: 2 };
    expect(found(await place.collect(a, { destroy: false }))).to.deep.equal(seen);
    for (const orphan of orphans) expect(await a.locate(orphan)).not.to.equal(undefined);
    expect(found(await place.collect(a))).to.deep.equal({ ...seen, destroyed: 2 });
    for (const orphan of orphans) expect(await a.locate(orphan)).to.equal(undefined);
    expect(await textAt(a, secret)).to.equal(payloadText(secret));
    expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 1 });
  });

  it('is named in the log by its id, never by what it holds', async () => {
    const orphan = await place.leave(a);
    await place.collect(a);
    const [line = ''] = place.logged;
    expect(JSON.parse(line)).to.include({ secret: orphan.id, store: 'a', object: `memory:${orphan.id}` });
    expect(line).not.to.contain(payloadText(orphan));
  });

  for (const state of ['pending', 'destroying', 'filling'] as const) {
    it(`is not what a row that is ${state} may point to`, async () => {
      const secret = await place.create(a);
      await db.knex('secrets').where({ id: secret.id }).update({ state, store_ref: null });
      expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 1, underWay: 1 });
      expect(await a.locate(secret)).to.equal(secret.storeRef);
    });
  }

  for (const column of ['secret_id', 'public_id', 'passphrase_id']) {
    it(`is not what an order under way will make, by its ${column}`, async () => {
      const header = await place.leave(a);
      await placeOrder(db, { [column]: header.id }, 'PENDING');
      expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 1, underWay: 1 });
      expect(await a.locate(header)).not.to.equal(undefined);
    });
  }

  it('is what an order left that has ended', async () => {
    const header = await place.leave(a);
    await placeOrder(db, { secret_id: header.id }, 'ERROR');
    expect(found(await place.collect(a))).to.include({ orphans: 1, destroyed: 1 });
  });

  /** As a move that lost its receipt leaves it. */
  const copyTo = (store: SecretStore, secret: Secret): Promise<unknown> =>
    store.put(secret, payloadOf(payloadText(secret)));

  it('is a copy that the row does not point to, and the payload stays', async () => {
    const secret = await place.create(a);
    await copyTo(b, secret);
    expect(found(await place.collect(b))).to.deep.equal({ ...NOTHING, objects: 1, copies: 1, destroyed: 1 });
    expect(await b.locate(secret)).to.equal(undefined);
    expect(await textAt(a, secret)).to.equal(payloadText(secret));
    expect(await db.knex('move_receipts').whereNull('ended_at')).to.deep.equal([]);
  });

  it('is not a copy that a move keeps', async () => {
    const secret = await place.create(a);
    await copyTo(b, secret);
    const run = runId(`mov-${randomUUID()}`);
    const receipt = await place.deps.receipts.begin(run, secret as StoredSecret, 'b', now());
    expect(receipt).not.to.equal(undefined);
    expect(found(await place.collect(b))).to.deep.equal({ ...NOTHING, objects: 1, underWay: 1 });
    expect(await b.locate(secret)).not.to.equal(undefined);
  });

  it('is not a copy when the payload is not where the row says', async () => {
    const secret = await place.create(a);
    await copyTo(b, secret);
    await a.destroy(secret, secret.storeRef as StoreRef);
    expect(found(await place.collect(b))).to.deep.equal({ ...NOTHING, objects: 1, copies: 1, kept: 1 });
    expect(await b.locate(secret)).not.to.equal(undefined);
  });

  it('is not an object whose ref the store writes otherwise than it did', async () => {
    const secret = await place.create(a);
    await db.knex('secrets').where({ id: secret.id }).update({ store_ref: 'memory:as-it-was-written-once' });
    expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 1, copies: 1, kept: 1 });
    expect(await a.locate(secret)).not.to.equal(undefined);
  });

  it('is what a second step left beside a secret without payload, which then takes one', async () => {
    const secret = await place.createEmpty();
    await copyTo(a, secret);
    expect(found(await place.collect(a))).to.deep.equal({ ...NOTHING, objects: 1, copies: 1, destroyed: 1 });
    const seen = (await place.deps.secrets.findAnyProject(secret.id)) as Secret;
    expect(seen).to.include({ state: 'active', store: null });
    const filled = await addPayload(place.deps, seen, a, payloadOf('at last'), 'text/plain');
    expect(await textAt(a, filled)).to.equal('at last');
  });

  it('is finished by the sweep where a collector died at it', async () => {
    const [secret, empty] = [await place.create(a), await place.createEmpty()];
    await copyTo(b, secret);
    await copyTo(b, empty);
    const dying = dyingAt(b);
    const dead = createPlace(db, [a, dying]);
    expect(await rejection(dead.collect(dying))).to.have.property('message', 'killed');
    const left = await db.knex('move_receipts').whereNull('ended_at');
    const filling = await db.knex('secrets').where({ state: 'filling' });
    expect(left.length + filling.length, 'something is half done').to.be.at.least(1);
    expect(await sweep(place.deps, -1_000)).to.include({ failed: 0 });
    await place.collect(b);
    for (const one of [secret, empty]) expect(await b.locate(one)).to.equal(undefined);
    expect(await textAt(a, secret)).to.equal(payloadText(secret));
    expect(await place.row(empty.id)).to.include({ state: 'active', store: null });
  });

  it('is deleted by two collectors at once, without harm', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => place.create(a)));
    for (const secret of secrets) await copyTo(b, secret);
    for (let count = 0; count < 10; count += 1) await place.leave(b);
    const other = createPlace(db, [a, b]);
    const outcomes = await Promise.all([place.collect(b), other.collect(b)]);
    for (const { cleared, isFailed } of outcomes) {
      expect(isFailed).to.equal(false);
      expect(cleared.done + cleared.skipped).to.be.at.least(10);
    }
    expect(found(await place.collect(b))).to.deep.equal({ ...NOTHING, objects: 0 });
    for (const secret of secrets) expect(await textAt(a, secret)).to.equal(payloadText(secret));
  });

  it('leaves alone what came back to life between the look and the act', async () => {
    const [orphan, secret] = [await place.leave(a), await place.create(a)];
    await copyTo(b, secret);
    const { garbage } = place.deps;
    let looks = 0;
    const lookUpAnyProject: typeof garbage.lookUpAnyProject = async (ids) => {
      const known = await garbage.lookUpAnyProject(ids);
      if ((looks += 1) === 1) await restore(db, orphan.id, secret.id);
      return known;
    };
    const deps = { ...place.deps, garbage: { ...garbage, lookUpAnyProject } };
    const late = await collectGarbage(deps, a, { destroy: true, atMost: 9 });
    expect(found(late)).to.include({ orphans: 1, destroyed: 0, kept: 1 });
    expect(await a.locate(orphan)).not.to.equal(undefined);
  });

  it('leaves alone a copy that the row points to by the time it would go', async () => {
    const secret = (await place.create(a)) as StoredSecret;
    await copyTo(b, secret);
    const survey = await surveyStore({ ...place.deps, signal: place.deps.pace.signal }, b, b.inventory!);
    expect(survey.copies).to.have.length(1);
    const run = runId(`mov-${randomUUID()}`);
    const { receipts, clock } = place.deps;
    const receipt = (await receipts.begin(run, secret, 'b', clock())) as Receipt;
    const ref = (await b.locate(secret)) as StoreRef;
    expect(await receipts.move(receipt, secret, ref, clock())).to.equal(true);
    const under = await clearStore(place.deps, b, b.inventory!, survey);
    await receipts.clearMoved(run, 1, clock());
    await receipts.end(await receipts.listOfRun(run, ['destroying'], undefined, 9), clock());
    const after = await clearStore(place.deps, b, b.inventory!, survey);
    for (const counts of [under, after]) expect(counts).to.deep.equal({ done: 0, skipped: 1, failed: 0 });
    expect(await b.locate(secret)).to.equal(ref);
  });

  it('of a secret that is deleted meanwhile goes either way', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => place.create(a)));
    for (const secret of secrets) await copyTo(b, secret);
    const deleting = secrets.map((secret) => deleteSecret(place.deps, secret));
    await Promise.all([place.collect(b), ...deleting]);
    await sweep(place.deps, -1_000);
    await place.collect(b);
    for (const secret of secrets) {
      expect(await place.row(secret.id)).to.equal(undefined);
      expect(await a.locate(secret)).to.equal(undefined);
      expect(await b.locate(secret)).to.equal(undefined);
    }
  });
});

/** Dies in the middle of its first destruction. */
function dyingAt(store: SecretStore): SecretStore {
  const inventory: Inventory = {
    list: () => store.inventory!.list(),
    destroy: () => Promise.reject(new Error('killed')),
  };
  return { ...store, inventory };
}

async function restore(db: TestDatabase, orphan: SecretId, like: SecretId): Promise<void> {
  const row = (await db.knex('secrets').where({ id: like }).first()) as object;
  await db.knex('secrets').insert({ ...row, id: orphan, store_ref: `memory:${orphan}` });
}

async function placeOrder(db: TestDatabase, ids: object, status: string): Promise<void> {
  const at = now();
  await db.knex('orders').insert({
    id: orderId(randomUUID()),
    project_id: 'p-1',
    type: 'key',
    status,
    meta: '{}',
    secret_id: secretId(randomUUID()),
    store: 'a',
    created_at: at,
    updated_at: at,
    attempts: 1,
    version: 1,
    ...ids,
  });
}
