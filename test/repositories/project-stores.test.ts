import { expect } from 'chai';
import { projectId, type ProjectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { openDatabase, type Database } from '../../src/repositories/database.ts';
import {
  createProjectStoreRepository,
  type ProjectStoreRepository,
} from '../../src/repositories/project-stores.ts';
import { createStoreCountRepository } from '../../src/repositories/store-counts.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

/** What is documented: an assignment made elsewhere counts after this long. */
const SEEN_AFTER_MS = 2_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The same database, whose answers come when `held` resolves: they were true when the question came. */
function answeringLate({ knex, dialect }: Database, held: () => Promise<void>): Database {
  const ask = (table: string) => {
    const query = knex(table);
    const asked = query.then.bind(query);
    const then: typeof query.then = (resolve, reject) =>
      asked(async (rows: unknown[]) => {
        await held();
        return rows;
      }).then(resolve, reject);
    return Object.assign(query, { then });
  };
  return { knex: ask as unknown as Database['knex'], dialect };
}

describeDatabases('the stores assigned to projects', (dialect) => {
  let db: TestDatabase;
  let second: Database;
  let own: ProjectStoreRepository;
  let others: ProjectStoreRepository;
  let count = 0;
  const fresh = (): ProjectId => projectId(`p-${(count += 1)}`);
  before(async () => {
    db = await dialect.open();
    second = openDatabase(db.options);
    own = createProjectStoreRepository(db);
    others = createProjectStoreRepository(second);
  });
  after(async () => {
    await second.knex.destroy();
    await db.close();
  });

  it('are known at once where they were changed', async () => {
    const project = fresh();
    expect(await own.find(project)).to.equal(undefined);
    await own.assign(project, 'hsm', now());
    expect(await own.find(project)).to.equal('hsm');
    await own.assign(project, 'vault', now());
    expect(await own.find(project)).to.equal('vault');
    expect(await own.unassign(project, 'hsm')).to.equal(false);
    expect(await own.find(project)).to.equal('vault');
    expect(await own.unassign(project)).to.equal(true);
    expect(await own.find(project)).to.equal(undefined);
  });

  it('are known two seconds later elsewhere: new ones, others, and that there is none any more', async () => {
    const project = fresh();
    const steps: readonly [change: () => Promise<unknown>, before: unknown, after: unknown][] = [
      [() => others.assign(project, 'hsm', now()), undefined, 'hsm'],
      [() => others.assign(project, 'vault', now()), 'hsm', 'vault'],
      [() => others.unassign(project), 'vault', undefined],
    ];
    for (const [change, before, after] of steps) {
      expect(await own.find(project)).to.equal(before);
      await change();
      expect(await own.findNow(project)).to.equal(after);
      await wait(SEEN_AFTER_MS);
      expect(await own.find(project)).to.equal(after);
    }
  }).timeout(20_000);

  it('are asked for once in that time, by however many creations', async () => {
    const project = fresh();
    let asked = 0;
    const counting = createProjectStoreRepository(
      answeringLate(db, () => {
        asked += 1;
        return Promise.resolve();
      }),
    );
    for (let n = 0; n < 50; n += 1) await counting.find(project);
    expect(asked).to.equal(1);
  });

  it('are as old as the question, however late the answer came', async () => {
    const project = fresh();
    const late = createProjectStoreRepository(answeringLate(db, () => wait(1_500)));
    const question = late.find(project);
    await wait(500);
    await others.assign(project, 'hsm', now());
    expect(await question).to.equal(undefined);
    await wait(SEEN_AFTER_MS - 1_500 + 1);
    expect(await late.find(project)).to.equal('hsm');
  }).timeout(20_000);

  it('are not what was read before a change of our own', async () => {
    const project = fresh();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let first = true;
    const late = createProjectStoreRepository(
      answeringLate(db, async () => {
        const waits = first;
        first = false;
        if (waits) await held;
      }),
    );
    const question = late.find(project);
    await wait(200);
    await late.assign(project, 'hsm', now());
    answer();
    expect(await question).to.equal(undefined);
    expect(await late.find(project)).to.equal('hsm');
  });

  it('are counted with the secrets, in one question', async () => {
    const counts = createStoreCountRepository(db);
    const rows = [
      ['a', 'software'],
      ['a', 'software'],
      ['a', 'hsm'],
      ['b', 'hsm'],
      ['b', null],
      ['c', null],
    ] as const;
    for (const [project, store] of rows) {
      const header = aSecretHeader({ projectId: projectId(project) });
      await insertSecretRow(db, header);
      await db.knex('secrets').where({ id: header.id }).update({ store });
    }
    const all = [
      { projectId: 'a', store: 'hsm', secrets: 1 },
      { projectId: 'a', store: 'software', secrets: 2 },
      { projectId: 'b', store: 'hsm', secrets: 1 },
    ];
    expect(await counts.countAnyProject()).to.deep.equal(all);
    expect(await counts.countIn([projectId('a'), projectId('c')])).to.deep.equal(all.slice(0, 2));
    expect(await counts.countIn([])).to.deep.equal([]);
  });
});
