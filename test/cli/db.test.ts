import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { databases, isRequired, skipAloud } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  rowsOf,
  runPostern,
  serveProcess,
  type Workplace,
} from '../robustness/broker-process.ts';

const MIGRATIONS = readdirSync(new URL('../../migrations', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

const json = async (args: readonly string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await runPostern([...args, '--json']);
  expect(code, stderr).to.equal(0);
  return JSON.parse(stdout) as unknown;
};

const serveRefused = async (file: string): Promise<string> => {
  const { code, stderr } = await runPostern(['serve', '--config', file]);
  expect(code, stderr).to.equal(1);
  return stderr;
};

/** From nothing to a schema that serves, each step shown. */
async function expectMigrations(file: string): Promise<void> {
  expect(await json(['db', 'status', '--config', file])).to.deep.equal({ pending: MIGRATIONS });
  expect(await serveRefused(file)).to.match(/lacks \d+ migrations .*run "postern db migrate"/);
  expect(await json(['db', 'migrate', '--config', file])).to.deep.equal({ applied: MIGRATIONS });
  expect(await json(['db', 'migrate', '--config', file])).to.deep.equal({ applied: [] });
  expect(await json(['db', 'status', '--config', file])).to.deep.equal({ pending: [] });
  expect((await runPostern(['db', 'status', '--config', file])).stdout).to.equal('pending: -\n');
  const broker = await serveProcess(file);
  broker.kill('SIGTERM');
  expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
}

describe('postern db', function () {
  this.timeout(60_000);
  let place: Workplace;
  beforeEach(() => (place = createWorkplace()));
  afterEach(() => place.remove());

  it('migrates SQLite by hand where the configuration says so [sqlite3]', async () => {
    const database = { client: 'sqlite3', filename: place.path('deep/er/postern.sqlite'), migrate: 'manual' };
    await expectMigrations(place.config(configuration(place, { database })));
  });

  it('is not needed where SQLite migrates itself [sqlite3]', async () => {
    const broker = await serveProcess(place.config(configuration(place)));
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
  });

  describe('[pg]', () => {
    const postgres = databases().find(({ name }) => name === 'pg')!;
    if (postgres.absent !== undefined) {
      skipAloud(postgres.absent, isRequired('postgres'));
      return;
    }

    it('migrates by hand', async () => {
      const server = { client: 'pg', connection: process.env['POSTERN_TEST_PG'] ?? '' } as const;
      const schema = `test_${randomBytes(8).toString('hex')}`;
      await rowsOf(server, `create schema ${schema}`);
      try {
        const url = new URL(server.connection);
        url.searchParams.set('options', `-csearch_path=${schema}`);
        await expectMigrations(
          place.config(configuration(place, { database: { client: 'pg', connection: url.href } })),
        );
      } finally {
        await rowsOf(server, `drop schema ${schema} cascade`);
      }
    });
  });

  for (const host of ['127.0.0.1', 'localhost']) {
    it(`says that nothing answers at ${host}, and no password`, async () => {
      const connection = `postgres://postern:hunter2@${host}:1/postern`;
      const file = place.config(configuration(place, { database: { client: 'pg', connection } }));
      const commands = [['serve'], ['db', 'status'], ['db', 'migrate'], ['stores', 'list']];
      const ran = await Promise.all(commands.map((command) => runPostern([...command, '--config', file])));
      for (const { code, stderr } of ran) {
        expect(code).to.equal(1);
        expect(stderr).to.match(/^postern: .*(ECONNREFUSED|not available)/m);
        expect(stderr).to.not.include('hunter2');
        expect(stderr).to.not.match(/^\s+at /m);
      }
    });
  }
});
