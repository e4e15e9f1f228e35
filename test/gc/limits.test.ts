import { expect } from 'chai';
import { StoreUnavailable } from '../../src/errors.ts';
import { usualLimit } from '../../src/operations/gc/collect-garbage.ts';
import type { Inventory } from '../../src/stores/inventory.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { createPlace, found, memoryStores, type Place } from './garbage.ts';

describeDatabases('garbage that', (dialect) => {
  let db: TestDatabase;
  let place: Place;
  let [a, b] = memoryStores();
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());
  beforeEach(async () => {
    await db.knex('secrets').delete();
    [a, b] = memoryStores();
    place = createPlace(db, [a, b]);
  });

  it('stays when there is too much of it, unless so much was allowed', async () => {
    for (let count = 0; count < 18; count += 1) await place.create(a);
    await place.leave(a);
    expect(await place.collect(a, { atMost: undefined })).to.include({ problem: '', isFailed: false });
    const orphans = [await place.leave(a), await place.leave(a), await place.leave(a)];
    const refused = await place.collect(a, { atMost: undefined });
    expect(refused.isFailed).to.equal(true);
    expect(refused.problem)
      .to.contain('3 of 21 objects')
      .and.contain('another broker')
      .and.contain('--at-most 3');
    expect(found(refused)).to.include({ destroyed: 0 });
    const dry = await place.collect(a, { destroy: false, atMost: undefined });
    expect(dry.problem).to.equal(refused.problem);
    expect(dry.isFailed, 'a report is no failure').to.equal(false);
    expect((await place.collect(a, { atMost: 1 })).problem).to.equal(
      '3 objects would go, and --at-most is 1',
    );
    for (const orphan of orphans) expect(await a.locate(orphan)).not.to.equal(undefined);
    expect(found(await place.collect(a, { atMost: 3 }))).to.include({ destroyed: 3 });
  });

  it('is at most a tenth, and at most a hundred, if nobody says how much', () => {
    expect([0, 9, 10, 999, 1_000, 1_000_000].map(usualLimit)).to.deep.equal([0, 0, 1, 99, 100, 100]);
  });

  it('says what is wrong with a store that is away, or cannot say what it holds', async () => {
    const away: Inventory = {
      list: () => Promise.reject(new StoreUnavailable('store "a" is away')),
      destroy: () => Promise.resolve(),
    };
    const gone = await place.collect({ ...a, inventory: away });
    expect(gone).to.include({ isFailed: true, problem: 'store "a" is away' });
    const { inventory: _, ...mute } = a;
    expect(await place.collect(mute)).to.include({ isFailed: true, problem: 'it cannot say what it holds' });
  });

  it('goes on after one that could not be destroyed, and says so', async () => {
    for (let count = 0; count < 3; count += 1) await place.leave(a);
    let calls = 0;
    const inventory: Inventory = {
      list: () => a.inventory!.list(),
      destroy: (object) => {
        calls += 1;
        return calls === 1 ? Promise.reject(new StoreUnavailable('lost')) : a.inventory!.destroy(object);
      },
    };
    const { isFailed, ...counted } = await place.collect({ ...a, inventory });
    expect(isFailed).to.equal(true);
    expect(counted.cleared).to.deep.equal({ done: 2, skipped: 0, failed: 1 });
    expect(place.logged.some((line) => line.includes('could not destroy') && line.includes('lost'))).to.equal(
      true,
    );
  });

  it('stops where it is asked to', async () => {
    const asked = new AbortController();
    const stopping = createPlace(db, [a, b], asked.signal);
    for (let count = 0; count < 5; count += 1) await place.leave(a);
    asked.abort();
    expect(await stopping.collect(a)).to.include({ problem: 'interrupted', isFailed: true });
    expect(found(await place.collect(a, { destroy: false }))).to.include({ orphans: 5 });
  });
});
