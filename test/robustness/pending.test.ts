import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import { sweep, UNFINISHED_AFTER_MS, type SweepDeps } from '../../src/jobs/sweep.ts';
import { createLog } from '../../src/log.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now, timestampFromMillis, toMillis, type Timestamp } from '../../src/model/timestamp.ts';
import { addPayload } from '../../src/operations/secrets/add-payload.ts';
import { createSecret } from '../../src/operations/secrets/create-secret.ts';
import { deleteSecret } from '../../src/operations/secrets/delete-secret.ts';
import { createMoveReceiptRepository } from '../../src/repositories/move-receipts.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import { createSecretRepository, type SecretRepository } from '../../src/repositories/secrets.ts';
import { countVisible } from '../../src/repositories/secret-counts.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { until } from './broker-process.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';

const PROJECT = projectId('p-1');

describeDatabases('the sweep', (dialect) => {
  let db: TestDatabase;
  let secrets: SecretRepository;
  let remote: RemoteStore;
  let log: string[];
  let deps: SweepDeps;
  /** Two sweeps' time from now. */
  const later = (): Timestamp => timestampFromMillis(toMillis(now()) + 2 * UNFINISHED_AFTER_MS);

  beforeEach(async () => {
    db = await dialect.open();
    secrets = createSecretRepository(db);
    remote = createRemoteStore();
    log = [];
    const stores = createStoreRegistry([remote.store], 'remote');
    const [receipts, runs] = [createMoveReceiptRepository(db), createRunRepository(db)];
    deps = {
      secrets,
      receipts,
      runs,
      stores,
      clock: later,
      log: createLog('debug', (line) => log.push(line)),
    };
  });
  afterEach(() => db.close());

  const payload = (): Payload => Payload.copy(Buffer.from('hello'));
  /** A row that a create left: with its payload already at the store, or not. */
  const pending = async (stored: boolean): Promise<Secret> => {
    const secret = aSecret({ state: 'pending', store: 'remote' });
    await secrets.insertPending(secret);
    if (stored) await remote.store.put(secret, payload());
    return secret;
  };
  const filling = async (stored: boolean): Promise<Secret> => {
    const secret = aSecret({ contentType: null, payloadSize: null });
    await secrets.insertActive(secret);
    const marked = await secrets.markFilling(secret, 'remote', now());
    if (stored) await remote.store.put(marked, payload());
    return marked;
  };
  const destroying = async (stored: boolean): Promise<Secret> => {
    const active = await createSecret(
      { secrets, clock: now },
      aSecret({ store: 'remote' }),
      remote.store,
      payload(),
    );
    const marked = await secrets.markDestroying(active, now());
    if (!stored) await remote.store.destroy(active, (await remote.store.locate(active))!);
    return marked;
  };
  const visible = (): Promise<number> => countVisible(db, PROJECT, now());

  for (const stored of [true, false]) {
    const having = stored ? 'with its payload stored' : 'without a payload at the store';

    it(`removes a pending row ${having}`, async () => {
      const secret = await pending(stored);
      expect(await sweep(deps)).to.deep.equal({ finished: 1, failed: 0 });
      expect(await secrets.findAnyProject(secret.id)).to.equal(undefined);
      expect(await remote.store.locate(secret)).to.equal(undefined);
      expect(await visible()).to.equal(0);
    });

    it(`makes a filling row ${having} a secret without payload again`, async () => {
      const secret = await filling(stored);
      expect(await sweep(deps)).to.deep.equal({ finished: 1, failed: 0 });
      const found = await secrets.findAnyProject(secret.id);
      expect(found).to.include({
        state: 'active',
        store: null,
        storeRef: null,
        contentType: null,
        payloadSize: null,
      });
      expect(await remote.store.locate(secret)).to.equal(undefined);
      expect(await visible()).to.equal(1);
      await addPayload({ secrets, clock: now }, found!, remote.store, payload(), 'text/plain');
      expect(await secrets.findAnyProject(secret.id)).to.include({
        contentType: 'text/plain',
        store: 'remote',
      });
    });

    it(`finishes destroying a row ${having}`, async () => {
      const secret = await destroying(stored);
      expect(await visible()).to.equal(0);
      expect(await sweep(deps)).to.deep.equal({ finished: 1, failed: 0 });
      expect(await secrets.findAnyProject(secret.id)).to.equal(undefined);
      expect(await remote.store.locate(secret)).to.equal(undefined);
      expect(await visible()).to.equal(0);
    });
  }

  it('gives a slow store twice its time before it takes a row for abandoned', async () => {
    const secret = await pending(true);
    const stores = createStoreRegistry(
      [{ ...remote.store, longestMs: UNFINISHED_AFTER_MS + 1_000 }],
      'remote',
    );
    expect(await sweep({ ...deps, stores })).to.deep.equal({ finished: 0, failed: 0 });
    expect((await secrets.findAnyProject(secret.id))?.state).to.equal('pending');
    expect(await remote.store.locate(secret)).not.to.equal(undefined);
  });

  it('leaves alone what is whole, and what may still be under way', async () => {
    const whole = await createSecret(
      { secrets, clock: now },
      aSecret({ store: 'remote' }),
      remote.store,
      payload(),
    );
    const young = await pending(true);
    expect(await sweep({ ...deps, clock: now })).to.deep.equal({ finished: 0, failed: 0 });
    expect(await secrets.findAnyProject(young.id)).to.include({ state: 'pending' });
    expect(await sweep(deps)).to.deep.equal({ finished: 1, failed: 0 });
    expect(await secrets.findAnyProject(whole.id)).to.include({ state: 'active' });
    expect((await remote.store.get(whole, whole.storeRef as never))?.bytes().toString()).to.equal('hello');
  });

  it('does no harm when two run at once', async () => {
    const rows = [];
    for (let round = 0; round < 5; round += 1) {
      for (const stored of [true, false])
        rows.push(await pending(stored), await filling(stored), await destroying(stored));
    }
    const reports = await Promise.all([sweep(deps), sweep(deps), sweep(deps)]);
    expect(reports.reduce((sum, { finished, failed }) => sum + finished + failed, 0)).to.be.at.least(
      rows.length,
    );
    expect(
      reports.map(({ failed }) => failed),
      log.join(''),
    ).to.deep.equal([0, 0, 0]);
    for (const row of rows) {
      const found = await secrets.findAnyProject(row.id);
      if (row.state === 'filling') expect(found).to.include({ state: 'active', contentType: null });
      else expect(found).to.equal(undefined);
      expect(await remote.store.locate(row)).to.equal(undefined);
    }
    expect(await visible()).to.equal(10);
    expect(await sweep(deps)).to.deep.equal({ finished: 0, failed: 0 });
  });

  it('leaves alone a row whose slow request ends well while the sweep is busy with another', async () => {
    const first = await pending(true);
    const [created, filled] = [await pending(true), await filling(true)];
    let open = (): void => undefined;
    remote.gate = new Promise((resolve) => (open = resolve));
    const sweeping = sweep(deps);
    await until(
      async () => ((await secrets.findAnyProject(first.id))?.version === 1 ? undefined : true),
      'a claim',
    );
    await secrets.markActive(created, `memory:${created.id}`, now());
    const stored = {
      store: 'remote',
      storeRef: `memory:${filled.id}`,
      contentType: 'text/plain',
      payloadSize: 5,
    } as const;
    await secrets.fill(filled, stored, now());
    open();
    expect(await sweeping).to.deep.equal({ finished: 1, failed: 0 });
    for (const { id } of [created, filled]) {
      const found = await secrets.findAnyProject(id);
      expect(found).to.include({ state: 'active' });
      expect((await remote.store.get(found!, found!.storeRef as never))?.bytes().toString()).to.equal(
        'hello',
      );
    }
    expect(await visible()).to.equal(2);
  });

  it('leaves the row, counts it and says so while the store is down, and finishes it afterwards', async () => {
    const rows = [await pending(true), await filling(true), await destroying(true)];
    remote.down = true;
    expect(await sweep(deps)).to.deep.equal({ finished: 0, failed: 3 });
    expect(log.filter((line) => line.includes('StoreUnavailable'))).to.have.length(3);
    for (const row of rows) expect(await secrets.findAnyProject(row.id)).to.include({ state: row.state });
    remote.down = false;
    // Each was claimed, and is left in peace for as long as a row that just began.
    expect(await sweep(deps)).to.deep.equal({ finished: 0, failed: 0 });
    const evenLater = timestampFromMillis(toMillis(later()) + 2 * UNFINISHED_AFTER_MS);
    expect(await sweep({ ...deps, clock: () => evenLater })).to.deep.equal({ finished: 3, failed: 0 });
    for (const row of rows) expect(await remote.store.locate(row)).to.equal(undefined);
  });

  it('finishes what a store that is down makes of a create, a second step and a delete', async () => {
    const whole = await createSecret(
      { secrets, clock: now },
      aSecret({ store: 'remote' }),
      remote.store,
      payload(),
    );
    const empty = aSecret({ contentType: null, payloadSize: null });
    await secrets.insertActive(empty);
    remote.down = true;
    const fresh = aSecret({ store: 'remote' });
    const tries = [
      createSecret({ secrets, clock: now }, fresh, remote.store, payload()),
      addPayload({ secrets, clock: now }, empty, remote.store, payload(), 'text/plain'),
      deleteSecret({ ...deps, clock: now }, whole),
    ];
    for (const one of await Promise.allSettled(tries)) {
      expect(one.status === 'rejected' && one.reason).to.be.instanceOf(StoreUnavailable);
    }
    remote.down = false;
    expect(await sweep(deps)).to.deep.equal({ finished: 3, failed: 0 });
    expect(await secrets.findAnyProject(fresh.id)).to.equal(undefined);
    expect(await secrets.findAnyProject(whole.id)).to.equal(undefined);
    expect(await secrets.findAnyProject(empty.id)).to.include({ state: 'active', contentType: null });
    expect(await visible()).to.equal(1);
  });
});

interface RemoteStore {
  readonly store: SecretStore;
  down: boolean;
  /** While set, the store does not answer. */
  gate: Promise<void> | undefined;
}

/** The reference store behind a wire that can be cut: no sealer, so every row goes through its half-done states. */
function createRemoteStore(): RemoteStore {
  const real = createMemoryStore('remote');
  const wire = async (): Promise<SecretStore> => {
    await remote.gate;
    if (remote.down) throw new StoreUnavailable('down');
    return real;
  };
  const store: SecretStore = {
    ...real,
    put: async (...args) => (await wire()).put(...args),
    locate: async (...args) => (await wire()).locate(...args),
    get: async (...args) => (await wire()).get(...args),
    destroy: async (...args) => (await wire()).destroy(...args),
  };
  const remote: RemoteStore = { store, down: false, gate: undefined };
  return remote;
}

function aSecret(changes: Partial<Secret> = {}): Secret {
  const at = now();
  return {
    id: secretId(randomUUID()),
    projectId: PROJECT,
    creatorId: 'u-1',
    name: null,
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiresAt: null,
    createdAt: at,
    updatedAt: at,
    state: 'active',
    store: null,
    storeRef: null,
    contentType: 'text/plain',
    payloadSize: 5,
    version: 1,
    ...changes,
  };
}
