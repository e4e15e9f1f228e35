import { expect } from 'chai';
import { batched } from '../../src/repositories/batch.ts';

const refused = (code: string): Error => Object.assign(new Error(code), { code });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a batch', () => {
  it('sends the first at once and alone, and those that come meanwhile together', async () => {
    const batches: (readonly number[])[] = [];
    const double = batched(async (items: readonly number[]) => {
      batches.push(items);
      await turn();
      return items.map((item) => 2 * item);
    });
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((item) => double(item)));
    expect(results).to.deep.equal([2, 4, 6, 8, 10, 12]);
    expect(batches).to.deep.equal([[1], [2], [3, 4, 5, 6]]);
  });

  it('has room for 64, and takes the rest with the next', async () => {
    const sizes: number[] = [];
    const run = batched(async (items: readonly number[]) => {
      sizes.push(items.length);
      await turn();
      return items;
    });
    await Promise.all(Array.from({ length: 100 }, (_, item) => run(item)));
    expect(sizes).to.deep.equal([1, 1, 64, 34]);
  });

  for (const code of ['22021', '23505', '40P01']) {
    it(`does not let one item's ${code} fail the others`, async () => {
      const run = batched(async (items: readonly string[]) => {
        await turn();
        if (items.includes('bad')) throw refused(code);
        return items;
      });
      const results = await Promise.allSettled(['a', 'b', 'c', 'bad', 'd'].map((item) => run(item)));
      expect(results.map(({ status }) => status)).to.deep.equal([
        'fulfilled',
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
    });
  }

  for (const code of ['08006', '57P01', 'ECONNRESET', undefined]) {
    it(`does nothing twice after ${code ?? 'an error without a code'}, when it may have been done`, async () => {
      const seen: string[] = [];
      const run = batched(async (items: readonly string[]) => {
        seen.push(...items);
        await turn();
        throw code === undefined ? new Error('lost') : refused(code);
      });
      const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => run(item)));
      expect(results.every(({ status }) => status === 'rejected')).to.equal(true);
      expect(seen).to.deep.equal(['a', 'b', 'c', 'd']);
    });
  }

  it('lets nobody wait longer for a database that has said nothing for too long', async () => {
    let asked = 0;
    const run = batched(async () => {
      asked += 1;
      await turn();
      throw new Error('Query read timeout');
    });
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => run(item)));
    expect(results.every(({ status }) => status === 'rejected')).to.equal(true);
    expect(asked).to.equal(2);
  });

  it('goes on after a failure', async () => {
    let broken = true;
    const run = batched(async (items: readonly string[]) => {
      await turn();
      if (broken) throw refused('08006');
      return items;
    });
    await Promise.allSettled(['a', 'b', 'c'].map((item) => run(item)));
    broken = false;
    expect(await run('d')).to.equal('d');
  });
});
