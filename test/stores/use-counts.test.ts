import { expect } from 'chai';
import { createUseCounts } from '../../src/stores/use-counts.ts';
import { kekId, type KekId } from '../../src/model/ids.ts';

const [A, B] = [kekId('a'), kekId('b')];

/** The far end of a report: remembers what arrived, or is away. */
function aDatabase(): {
  reported: [KekId, number][];
  away: boolean;
  addUses(id: KekId, uses: number): Promise<void>;
} {
  return {
    reported: [],
    away: false,
    async addUses(id, uses) {
      await Promise.resolve();
      if (this.away) throw new Error('the database is away');
      this.reported.push([id, uses]);
    },
  };
}

describe('counting the uses of KEKs', () => {
  it('reports the thousandth use by itself, and the rest when flushed', async () => {
    const database = aDatabase();
    const uses = createUseCounts(database);
    for (let n = 0; n < 1_005; n += 1) uses.count(A);
    uses.count(B);
    await uses.flush();
    const total = (id: KekId): number =>
      database.reported.filter(([one]) => one === id).reduce((sum, [, n]) => sum + n, 0);
    expect([total(A), total(B)]).to.deep.equal([1_005, 1]);
    expect(database.reported.length).to.be.at.most(3);
  });

  it('reports nothing twice', async () => {
    const database = aDatabase();
    const uses = createUseCounts(database);
    uses.count(A);
    await Promise.all([uses.flush(), uses.flush()]);
    await uses.flush();
    expect(database.reported).to.deep.equal([[A, 1]]);
  });

  it('keeps what it could not report', async () => {
    const database = aDatabase();
    const uses = createUseCounts(database);
    database.away = true;
    uses.count(A);
    await uses.flush();
    uses.count(A);
    database.away = false;
    await uses.flush();
    expect(database.reported).to.deep.equal([[A, 2]]);
  });

  it('reports by itself before it has counted for too many projects', async () => {
    const database = aDatabase();
    const uses = createUseCounts(database);
    for (let n = 0; n < 10_000; n += 1) uses.count(kekId(`kek-${n}`));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(database.reported).to.have.length(10_000);
  });
});
