import { expect } from 'chai';
import { StoreUnavailable } from '../../src/errors.ts';
import { sweep } from '../../src/jobs/sweep.ts';
import { Payload } from '../../src/model/payload.ts';
import { now } from '../../src/model/timestamp.ts';
import { runMove } from '../../src/operations/moves/run-move.ts';
import { holdRun } from '../../src/operations/runs/hold-run.ts';
import { deleteSecret } from '../../src/operations/secrets/delete-secret.ts';
import type { StoredSecret } from '../../src/repositories/move-receipts.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createMover, payloadText, type Mover } from './mover.ts';

describeDatabases('moves that are interrupted', (dialect) => {
  let db: TestDatabase;
  let mover: Mover;
  beforeEach(async () => {
    db = await dialect.open();
    mover = createMover(db);
  });
  afterEach(() => db.close());

  /** The same stores, one of them in another's clothes. */
  const with_ = (changed: SecretStore): Mover['deps'] => {
    const others = Object.values(mover.stores).filter(({ name }) => name !== changed.name);
    return { ...mover.deps, stores: createStoreRegistry([changed, ...others], 'a') };
  };

  it('waits for a store that is away for a moment', async () => {
    const secrets = await mover.fill(3);
    const { b } = mover.stores;
    let refusals = 2;
    const away: SecretStore = {
      ...b,
      put: (header, payload) =>
        refusals-- > 0 ? Promise.reject(new StoreUnavailable('away')) : b.put(header, payload),
    };
    expect(await runMove(with_(away), await mover.begin())).to.equal('done');
    for (const secret of secrets) expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
  });

  it('stops when it is asked to, and goes on where it was', async () => {
    const secrets = await mover.fill(30);
    const asked = new AbortController();
    const run = await mover.begin();
    let steps = 0;
    const onProgress = (): void => {
      steps += 1;
      if (steps === 10) asked.abort();
    };
    const pace = { concurrency: 2, signal: asked.signal };
    expect(await runMove({ ...mover.deps, pace, onProgress }, run)).to.equal('stopped');
    expect(steps).to.be.within(10, 12);
    expect(await runMove(mover.deps, run)).to.equal('done');
    for (const secret of secrets) expect(await mover.holdersOf(secret)).to.deep.equal(['b']);
  });

  it('takes up, or clears away, what a dead process left half way', async () => {
    const [again, gone] = await mover.fill(2);
    const run = await mover.begin();
    const { receipts, clock } = mover.deps;
    for (const secret of [again!, gone!]) {
      await receipts.begin(run.id, secret as StoredSecret, 'b', clock());
      await mover.stores.b.put(secret, Payload.copy(Buffer.from(payloadText(secret))));
    }
    await deleteSecret({ ...mover.deps, receipts: { findOpen: () => Promise.resolve(undefined) } }, gone!);
    expect(await mover.holdersOf(gone!)).to.deep.equal(['b']);
    expect(await runMove(mover.deps, run)).to.equal('done');
    expect(await mover.holdersOf(again!)).to.deep.equal(['b']);
    expect(await mover.holdersOf(gone!)).to.deep.equal([]);
  });

  it('is swept where nobody is at it, and left alone where somebody is', async () => {
    const [secret] = await mover.fill(1);
    const run = await mover.begin();
    const { receipts, clock } = mover.deps;
    await receipts.begin(run.id, secret as StoredSecret, 'b', clock());
    await mover.stores.b.put(secret!, Payload.copy(Buffer.from(payloadText(secret!))));
    const held = { runs: mover.deps.runs, clock, signal: new AbortController().signal };
    await holdRun(held, run.id, async () => {
      await sweep(mover.deps, -1_000);
      expect(await mover.holdersOf(secret!)).to.deep.equal(['a', 'b']);
    });
    await sweep(mover.deps, -1_000);
    expect(await mover.holdersOf(secret!)).to.deep.equal(['a']);
    expect(await runMove(mover.deps, run), 'the move makes it again').to.equal('done');
    expect(await mover.holdersOf(secret!)).to.deep.equal(['b']);
  });

  it('forgets what ended long ago, and nothing else', async () => {
    await mover.fill(2);
    const [ended, open] = [await mover.begin(), await mover.begin({ to: 'c', keep: true })];
    await runMove(mover.deps, ended);
    await runMove(mover.deps, open);
    expect(await mover.deps.runs.removeEnded(now())).to.equal(1);
    expect(await mover.receiptsOf(ended)).to.deep.equal([]);
    expect(await mover.receiptsOf(open)).to.have.length(2);
  });
});
