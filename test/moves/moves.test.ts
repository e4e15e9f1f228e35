import { expect } from 'chai';
import { Payload } from '../../src/model/payload.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { moveSecret } from '../../src/operations/moves/move-secret.ts';
import { planMove } from '../../src/operations/moves/plan-move.ts';
import { runMove } from '../../src/operations/moves/run-move.ts';
import { undoMove } from '../../src/operations/moves/undo-move.ts';
import { deleteSecret } from '../../src/operations/secrets/delete-secret.ts';
import { readPayload } from '../../src/operations/secrets/read-payload.ts';
import type { StoredSecret } from '../../src/repositories/move-receipts.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createMover, payloadText, PROJECT, type Mover } from './mover.ts';

describeDatabases('moving secrets', (dialect) => {
  let db: TestDatabase;
  let mover: Mover;
  beforeEach(async () => {
    db = await dialect.open();
    mover = createMover(db);
  });
  afterEach(() => db.close());

  const found = async (secret: Secret): Promise<Secret | undefined> =>
    mover.deps.secrets.findAnyProject(secret.id);
  const text = async (secret: Secret): Promise<string> =>
    (await readPayload(mover.deps, secret, undefined)).bytes().toString();
  /** The same stores, one of them in another's clothes. */
  const with_ = (changed: SecretStore): Mover['deps'] => {
    const others = Object.values(mover.stores).filter(({ name }) => name !== changed.name);
    return { ...mover.deps, stores: createStoreRegistry([changed, ...others], 'a') };
  };

  it('brings each payload to the target, and leaves one copy and a receipt', async () => {
    const secrets = await mover.fill(30);
    const run = await mover.begin();
    expect(await runMove(mover.deps, run)).to.equal('done');
    for (const secret of secrets) {
      const after = await found(secret);
      expect(after).to.include({ store: 'b', state: 'active', updatedAt: secret.updatedAt });
      expect(await text(after!)).to.equal(payloadText(secret));
      expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
    }
    const receipts = await mover.receiptsOf(run);
    expect(receipts).to.have.length(30);
    for (const receipt of receipts) {
      expect(receipt).to.include({ state: 'done', fromStore: 'a', toStore: 'b', error: null });
      expect(receipt.movedAt).to.be.a('string');
      expect(receipt.endedAt).to.be.a('string');
    }
    expect((await mover.deps.runs.find(run.id))?.state).to.equal('done');
  });

  it('is planned without a trace, and takes what the filter names', async () => {
    await mover.fill(3);
    const spec = { to: 'b', project: PROJECT, keep: false };
    const plan = await planMove(mover.deps.movable, spec, mover.stores.b, now());
    expect(plan).to.deep.include({ secrets: 3, unfit: 0 });
    expect(plan.rows[0]).to.include({ projectId: PROJECT, store: 'a', secrets: 3 });
    const small = {
      capabilities: { ...mover.stores.b.capabilities, maxPayloadBytes: 10 },
    };
    expect((await planMove(mover.deps.movable, spec, small, now())).unfit).to.equal(3);
    for (const none of [
      { type: 'private' },
      { algorithm: 'aes' },
      { from: 'c' },
      { project: 'p-2' },
    ] as const)
      expect(
        (await planMove(mover.deps.movable, { ...spec, ...none } as typeof spec, mover.stores.b, now()))
          .secrets,
      ).to.equal(0);
  });

  it('flips nothing and destroys nothing when the target gives other bytes back', async () => {
    const [secret] = await mover.fill(1);
    const { b } = mover.stores;
    const lying: SecretStore = { ...b, get: () => Promise.resolve(Payload.copy(Buffer.from('other'))) };
    const run = await mover.begin();
    expect(await runMove(with_(lying), run)).to.equal('incomplete');
    expect(await found(secret!)).to.include({ store: 'a' });
    expect(await mover.holdersOf(secret!), 'the copy is cleared away').to.deep.equal(['a']);
    const [receipt] = await mover.receiptsOf(run);
    expect(receipt).to.include({ state: 'failed', error: 'store "b" gives other bytes back' });
    expect(await runMove(mover.deps, run), 'another try').to.equal('done');
    expect(await mover.holdersOf(secret!)).to.deep.equal(['b']);
  });

  it('leaves alone what somebody else put in the place of the copy', async () => {
    const [secret] = await mover.fill(1);
    const ref = await mover.stores.b.put(secret!, Payload.copy(Buffer.from('not ours')));
    const run = await mover.begin();
    expect(await runMove(mover.deps, run)).to.equal('incomplete');
    expect((await mover.receiptsOf(run))[0]).to.include({ state: 'failed' });
    expect((await mover.stores.b.get(secret!, ref))?.bytes().toString()).to.equal('not ours');
    expect(await text((await found(secret!))!)).to.equal(payloadText(secret!));
  });

  it('moves the others when one has lost its payload, and destroys no old copy', async () => {
    const secrets = await mover.fill(4);
    const [lost, ...whole] = secrets;
    await mover.stores.a.destroy(lost!, lost!.storeRef as never);
    const run = await mover.begin();
    expect(await runMove(mover.deps, run)).to.equal('incomplete');
    for (const secret of whole) expect(await mover.holdersOf(secret)).to.deep.equal(['a', 'b']);
    expect((await mover.receiptsOf(run)).filter(({ state }) => state === 'failed')).to.have.length(1);
    const finishing = { ...run, spec: { ...run.spec, finishing: true } };
    expect(await runMove(mover.deps, finishing)).to.equal('done');
    for (const secret of whole) expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
    expect(await found(lost!)).to.include({ store: 'a' });
  });

  it('leaves no copy of a secret that is deleted while it is copied', async () => {
    const [secret] = await mover.fill(1);
    const { b } = mover.stores;
    const slow: SecretStore = {
      ...b,
      put: async (header, payload) => {
        const ref = await b.put(header, payload);
        await deleteSecret(mover.deps, secret!);
        return b.put(header, payload).then(() => ref);
      },
    };
    const run = await mover.begin();
    expect(await runMove(with_(slow), run)).to.equal('done');
    expect(await found(secret!)).to.equal(undefined);
    expect(await mover.holdersOf(secret!)).to.deep.equal([]);
    expect((await mover.receiptsOf(run))[0]).to.include({ state: 'abandoned' });
  });

  it('gives each secret to one of two moves at once', async () => {
    const secrets = await mover.fill(40);
    const runs = [await mover.begin(), await mover.begin({ to: 'c' })];
    await Promise.all(runs.map((run) => runMove(mover.deps, run)));
    for (const secret of secrets) {
      const after = await found(secret);
      expect(await mover.holdersOf(secret)).to.include(after!.store);
      expect(await text(after!)).to.equal(payloadText(secret));
    }
    for (const run of runs) await runMove(mover.deps, { ...run, spec: { ...run.spec, finishing: true } });
    for (const secret of secrets)
      expect(await mover.holdersOf(secret)).to.deep.equal([(await found(secret))!.store]);
  });

  it('lets two processes at one move do nothing twice', async () => {
    const secrets = await mover.fill(40);
    const run = await mover.begin();
    const other = createMover(db).deps;
    await Promise.all([runMove(mover.deps, run), runMove({ ...other, stores: mover.deps.stores }, run)]);
    for (const secret of secrets) expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
    expect(await mover.receiptsOf(run)).to.have.length(40);
  });

  it('comes to nothing for whoever lost the receipt', async () => {
    const [secret] = await mover.fill(1);
    const run = await mover.begin();
    const { receipts, clock } = mover.deps;
    const stale = await receipts.begin(run.id, secret as StoredSecret, 'b', clock());
    expect(await receipts.begin(run.id, secret as StoredSecret, 'b', clock())).to.equal(undefined);
    const current = await receipts.claim(stale!, clock());
    expect(await moveSecret(mover.deps, current!, secret as StoredSecret)).to.equal('done');
    expect(await moveSecret(mover.deps, stale!, secret as StoredSecret)).to.equal('skipped');
    expect(await found(secret!)).to.include({ store: 'b' });
    expect(await mover.holdersOf(secret!), 'the loser destroys nothing').to.deep.equal(['a', 'b']);
  });

  it('keeps the old copies if asked to, until an operator finishes it', async () => {
    const secrets = await mover.fill(5);
    const run = await mover.begin({ keep: true });
    expect(await runMove(mover.deps, run)).to.equal('kept');
    for (const secret of secrets) expect(await mover.holdersOf(secret)).to.deep.equal(['a', 'b']);
    const again = await mover.begin({ to: 'c' });
    expect(await runMove(mover.deps, again), 'another move waits').to.equal('incomplete');
    await mover.deps.runs.change(run.id, ['kept'], 'open', now());
    expect(await runMove(mover.deps, { ...run, spec: { ...run.spec, keep: false } })).to.equal('done');
    for (const secret of secrets) expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
  });

  it('destroys both copies of a secret that is deleted while the old one is kept', async () => {
    const [deleted, kept] = await mover.fill(2);
    const run = await mover.begin({ keep: true });
    await runMove(mover.deps, run);
    await deleteSecret(mover.deps, deleted!);
    expect(await found(deleted!)).to.equal(undefined);
    expect(await mover.holdersOf(deleted!)).to.deep.equal([]);
    await mover.deps.runs.change(run.id, ['kept'], 'undoing', now());
    expect(await undoMove(mover.deps, run)).to.equal('undone');
    expect(await mover.holdersOf(kept!)).to.deep.equal(['a']);
    expect(await mover.holdersOf(deleted!)).to.deep.equal([]);
  });

  it('is undone, until the old copies are gone', async () => {
    const secrets = await mover.fill(20);
    const run = await mover.begin({ keep: true });
    await runMove(mover.deps, run);
    await mover.deps.runs.change(run.id, ['kept'], 'undoing', now());
    expect(await undoMove(mover.deps, run)).to.equal('undone');
    for (const secret of secrets) {
      expect(await mover.holdersOf(secret)).to.deep.equal(['a']);
      expect(await text((await found(secret))!)).to.equal(payloadText(secret));
    }
    const states = (await mover.receiptsOf(run)).map(({ state }) => state);
    expect(new Set(states)).to.deep.equal(new Set(['undone']));
    const next = await mover.begin({ to: 'b' });
    expect(await runMove(mover.deps, next), 'it may be moved again').to.equal('done');
  });

  it('does not go back to an old copy that is not whole', async () => {
    const [secret] = await mover.fill(1);
    const run = await mover.begin({ keep: true });
    await runMove(mover.deps, run);
    const { a } = mover.stores;
    const rotten: SecretStore = { ...a, get: () => Promise.resolve(Payload.copy(Buffer.from('rot'))) };
    await mover.deps.runs.change(run.id, ['kept'], 'undoing', now());
    expect(await undoMove(with_(rotten), run)).to.equal('incomplete');
    expect(await found(secret!)).to.include({ store: 'b' });
    expect(await text((await found(secret!))!)).to.equal(payloadText(secret!));
  });

  it('serves a reader whose secret is moved under it, and its old copy destroyed', async () => {
    const [secret] = await mover.fill(1);
    const { a } = mover.stores;
    let moved = false;
    const slow: SecretStore = {
      ...a,
      get: async (header, ref) => {
        if (!moved) {
          moved = true;
          await runMove(mover.deps, await mover.begin());
        }
        return a.get(header, ref);
      },
    };
    const payload = await readPayload(with_(slow), secret!, undefined);
    expect(payload.bytes().toString()).to.equal(payloadText(secret!));
  });
});
