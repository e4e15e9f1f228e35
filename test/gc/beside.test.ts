import { createSecretKey, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { createSimpleCryptoStore } from '../../backends/simple-crypto/index.ts';
import { Conflict } from '../../src/errors.ts';
import { sweep } from '../../src/jobs/sweep.ts';
import type { MoveSpec } from '../../src/model/move.ts';
import { runId } from '../../src/model/run.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { deleteExpired } from '../../src/operations/gc/delete-expired.ts';
import { runMove, type RunMoveDeps } from '../../src/operations/moves/run-move.ts';
import { deleteSecret } from '../../src/operations/secrets/delete-secret.ts';
import { readPayload } from '../../src/operations/secrets/read-payload.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import { createMovableSecretRepository } from '../../src/repositories/movable-secrets.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import type { SecretRow } from '../../src/repositories/secret-rows.ts';
import { everyObject } from '../../src/stores/inventory.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createPlace, daysAgo, payloadText, type Place } from './garbage.ts';

const PLAY_MS = Number(process.env['GC_PLAY_MS'] ?? 4_000);
/** Far above what an operation takes here: what is older, nobody is at. */
const SWEEP_AFTER_MS = 1_500;

/** Takes its time, before and after: whatever others can do meanwhile they will. */
function slow(store: SecretStore): SecretStore {
  const slowly = async <T>(work: () => Promise<T>): Promise<T> => {
    await pause(randomInt(4));
    const result = await work();
    await pause(randomInt(4));
    return result;
  };
  const { inventory } = store;
  return {
    ...store,
    put: (secret, payload) => slowly(() => store.put(secret, payload)),
    get: (secret, ref) => slowly(() => store.get(secret, ref)),
    locate: (secret) => slowly(() => store.locate(secret)),
    destroy: (secret, ref) => slowly(() => store.destroy(secret, ref)),
    inventory: {
      list: () => slowly(() => inventory!.list()),
      destroy: (object) => slowly(() => inventory!.destroy(object)),
    },
  };
}

describeDatabases('a collector beside clients, moves and sweeps', (dialect) => {
  let db: TestDatabase;
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());

  it('loses nothing that was stored, and leaves nothing that was not', async function () {
    this.timeout(PLAY_MS + 60_000);
    const stores = [slow(createMemoryStore('a')), slow(createMemoryStore('b')), await sealing(db)];
    const place = createPlace(db, stores);
    const told = { stored: new Map<string, Secret>(), made: 0, deleted: 0, moved: 0, destroyed: 0 };
    const until = performance.now() + PLAY_MS;
    const failures: unknown[] = [];
    const loop = async (work: () => Promise<void>): Promise<void> => {
      try {
        while (performance.now() < until && failures.length === 0) await work();
      } catch (error) {
        failures.push(error);
      }
    };
    const one = (): SecretStore => stores[randomInt(stores.length)]!;
    await Promise.all([
      ...[1, 2, 3, 4].map(() => loop(() => live(place, one(), told))),
      ...[1, 2].map(() =>
        loop(async () => {
          for (const store of stores)
            told.destroyed += (await place.collect(store, { atMost: 1e6 })).cleared.done;
          await deleteExpired(place.deps, daysAgo(1));
        }),
      ),
      loop(async () => void (told.moved += await moveSome(place, db, one().name, one().name))),
      loop(async () => {
        await sweep(place.deps, SWEEP_AFTER_MS);
        await pause(50);
      }),
      loop(async () => {
        // What crashes leave: an object alone, a copy that no move knows of, a row that never got its payload.
        await place.leave(stores[randomInt(2)]!);
        const secret = [...told.stored.values()].at(randomInt(50));
        if (secret !== undefined) await leaveCopy(place, stores[randomInt(2)]!, secret);
        await pause(10);
      }),
    ]);
    if (failures.length > 0) throw failures[0];
    for (const secret of told.stored.values())
      expect(await read(place, secret)).to.equal(payloadText(secret));
    await pause(SWEEP_AFTER_MS);
    await sweep(place.deps, 0);
    for (const store of stores) await place.collect(store, { atMost: 1e6 });
    await expectTidy(db, stores);
    for (const count of [told.made, told.deleted, told.moved, told.destroyed])
      expect(count).to.be.at.least(5);
    for (const secret of told.stored.values())
      expect(await read(place, secret)).to.equal(payloadText(secret));
  });
});

function sealing(db: TestDatabase): Promise<SecretStore> {
  return createSimpleCryptoStore({
    name: 's',
    options: { master_keys: [{ id: 'k', key: createSecretKey(randomBytes(32)) }] },
    keks: createKekRepository(db),
    sealedPayloads: createSealedPayloadRepository(db),
    clock: now,
  });
}

interface Told {
  readonly stored: Map<string, Secret>;
  made: number;
  deleted: number;
}

/** What a client does, who knows the ids of what it stored. */
async function live(place: Place, store: SecretStore, told: Told): Promise<void> {
  const secret = await place.create(store, randomInt(8) === 0 ? { expiresAt: daysAgo(-1) } : {});
  told.made += 1;
  told.stored.set(secret.id, secret);
  const some = [...told.stored.values()][randomInt(told.stored.size)]!;
  if (randomInt(2) === 0) {
    told.stored.delete(some.id);
    const row = await place.deps.secrets.findAnyProject(some.id);
    if (row !== undefined) await deleteSecret(place.deps, row).catch(unlessMoving);
    told.deleted += 1;
    return;
  }
  const text = await read(place, some);
  // Another client may have deleted it meanwhile.
  if (told.stored.has(some.id)) expect(text).to.equal(payloadText(some));
}

/** Moves that chase each other change a row more often than a DELETE tries: its client is told, and asks again. */
function unlessMoving(error: unknown): void {
  if (!(error instanceof Conflict)) throw error;
}

async function read(place: Place, { id }: Secret): Promise<string | undefined> {
  const row = await place.deps.secrets.findAnyProject(id);
  if (row?.state !== 'active') return undefined;
  try {
    return (await readPayload(place.deps, row, undefined)).bytes().toString();
  } catch (error) {
    const after = await place.deps.secrets.findAnyProject(id);
    if (after?.state === 'active') throw error;
    return undefined;
  }
}

async function moveSome(place: Place, db: TestDatabase, from: string, to: string): Promise<number> {
  if (from === to) return 0;
  const spec: MoveSpec = { from, to, keep: false };
  const run = await place.deps.runs.insert(
    { id: runId(`mov-${randomUUID()}`), kind: 'move', spec: { ...spec } },
    now(),
  );
  let moved = 0;
  const deps: RunMoveDeps = {
    ...place.deps,
    movable: createMovableSecretRepository(db),
    settleMs: 0,
    onProgress: (phase, outcome) => (moved += phase === 'copy' && outcome === 'done' ? 1 : 0),
  };
  await runMove(deps, run);
  return moved;
}

/** Unless the row is there already, or about to be: what no crash leaves. */
async function leaveCopy(place: Place, store: SecretStore, { id }: Secret): Promise<void> {
  const { deps } = place;
  const row = await deps.secrets.findAnyProject(id);
  if (row?.state !== 'active' || row.store === store.name) return;
  if ((await deps.receipts.findOpen(id)) !== undefined) return;
  await place.leave(store, row);
}

/** Every object has a row that points to it, and every row an object. */
async function expectTidy(db: TestDatabase, stores: readonly SecretStore[]): Promise<void> {
  const rows = await db.knex<Pick<SecretRow, 'store' | 'store_ref' | 'state'>>('secrets');
  expect(rows.filter(({ state }) => state !== 'active')).to.deep.equal([]);
  expect(await db.knex('move_receipts').whereNull('ended_at')).to.deep.equal([]);
  for (const { name, inventory } of stores) {
    const refs: string[] = [];
    for await (const { ref } of everyObject(inventory!)) refs.push(ref);
    const named = rows.filter(({ store }) => store === name).map((row) => row.store_ref);
    expect(refs.sort(), name).to.deep.equal(named.sort());
  }
}
