import { expect } from 'chai';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  MASTER_KEY,
  OTHER_KEY,
  rowsOf,
  serveProcess,
  softwareStore,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { pathOf, send, textSecret, type Answer } from './client.ts';

/** What is documented: an assignment counts in every process after this long. */
const SEEN_AFTER_MS = 2_000;
/** How long creations go on after that: what came too late would show. */
const AFTERWARDS_MS = 1_000;
const ADMIN = 'key-manager:service-admin';

interface Created {
  /** When it was asked for, after the change was acknowledged. */
  readonly ms: number;
  readonly id: string;
}

describeDatabases('two brokers and the store of a project', (dialect) => {
  let place: Workplace;
  let db: TestDatabase;
  let first: ServingProcess;
  let second: ServingProcess;
  before(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    db = await dialect.open();
    const broker = (name: string): Promise<ServingProcess> =>
      serveProcess(
        place.config(
          configuration(place, {
            database: databaseSection(db.options),
            stores: {
              default: 'software',
              configured: [softwareStore('software', MASTER_KEY), softwareStore('second', OTHER_KEY)],
            },
            audit: { sinks: [{ kind: 'file', path: place.path(`${name}.jsonl`) }] },
          }),
          `${name}.yaml`,
        ),
      );
    first = await broker('first');
    second = await broker('second');
  });
  after(async () => {
    for (const broker of [first, second]) {
      broker.kill('SIGTERM');
      expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    }
    await db.close();
    place.remove();
  });

  const change = (method: 'PUT' | 'DELETE', project: string): Promise<Answer> =>
    send(first.url, method, `/v1/project-stores/${project}`, {
      roles: ADMIN,
      ...(method === 'PUT' ? { body: { project_store: { store: 'second' } } } : {}),
    });

  /** One secret after the other, until well after everybody must know. */
  async function createAt(
    { url }: ServingProcess,
    project: string,
    since: number,
  ): Promise<readonly Created[]> {
    const made: Created[] = [];
    for (let ms = 0; ms < SEEN_AFTER_MS + AFTERWARDS_MS; ms = performance.now() - since) {
      const path = pathOf(await send(url, 'POST', '/v1/secrets', { body: textSecret('hello'), project }));
      made.push({ ms, id: path.slice('/v1/secrets/'.length) });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return made;
  }

  async function storesOf(project: string): Promise<ReadonlyMap<string, unknown>> {
    const rows = await rowsOf(
      db.options,
      `select s.id, s.store, p.store as sealed from secrets s join sealed_payloads p on p.secret_id = s.id
       where s.project_id = '${project}'`,
    );
    for (const row of rows) expect(row['sealed']).to.equal(row['store']);
    return new Map(rows.map((row) => [String(row['id']), row['store']]));
  }

  for (const [method, project, old, next] of [
    ['PUT', 'p-assigned', 'software', 'second'],
    ['DELETE', 'p-unassigned', 'second', 'software'],
  ] as const) {
    it(`${method}: the broker that was asked knows at once, the other within two seconds`, async () => {
      if (method === 'DELETE') expect((await change('PUT', project)).status).to.equal(204);
      const primed: string[] = [];
      for (const { url } of [first, second]) {
        const path = pathOf(await send(url, 'POST', '/v1/secrets', { body: textSecret('hello'), project }));
        primed.push(path.slice('/v1/secrets/'.length));
      }
      expect((await change(method, project)).status).to.equal(204);
      const since = performance.now();
      const [here, there] = await Promise.all([
        createAt(first, project, since),
        createAt(second, project, since),
      ]);
      const stores = await storesOf(project);
      expect(primed.map((id) => stores.get(id))).to.deep.equal([old, old]);
      expect(here.map(({ id }) => stores.get(id))).to.deep.equal(here.map(() => next));
      const late = there.filter(({ ms }) => ms > SEEN_AFTER_MS);
      expect(late.length).to.be.greaterThan(3);
      expect(late.map(({ id }) => stores.get(id))).to.deep.equal(late.map(() => next));
      // Once it knows, it does not forget.
      const seen = there.map(({ id }) => stores.get(id));
      expect(seen.slice(seen.indexOf(next))).to.deep.equal(seen.slice(seen.indexOf(next)).map(() => next));
      expect(seen[0], 'the other had looked a moment before').to.equal(old);
    }).timeout(60_000);
  }
});
