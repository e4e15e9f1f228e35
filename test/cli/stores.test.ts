import { expect } from 'chai';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  MASTER_KEY,
  OTHER_KEY,
  rowsOf,
  runPostern,
  serveProcess,
  softwareStore,
  type Ran,
  type ServingProcess,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send, textSecret } from '../robustness/client.ts';

/** An assignment that another process made is seen after this long. */
const SEEN_AFTER_MS = 2_200;

describeDatabases('postern stores', (dialect) => {
  let place: Workplace;
  let db: TestDatabase;
  let file: string;

  const configured = [softwareStore('software', MASTER_KEY), softwareStore('second', OTHER_KEY)];
  const configFile = (stores: object, name: string): string =>
    place.config(configuration(place, { database: databaseSection(db.options), stores }), name);
  const postern = (...args: readonly string[]): Promise<Ran> => runPostern([...args, '--config', file]);
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await postern(...args, '--json');
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as unknown;
  };

  before(async () => {
    place = createWorkplace();
    db = await dialect.open();
    file = configFile({ default: 'software', configured }, 'postern.yaml');
  });
  after(async () => {
    await db.close();
    place.remove();
  });

  it('list shows stores without secrets and projects', async () => {
    expect(await json('stores', 'list')).to.deep.equal([
      { name: 'software', kind: 'simple_crypto', default: true, secrets: 0, projects: [] },
      { name: 'second', kind: 'simple_crypto', default: false, secrets: 0, projects: [] },
    ]);
    const { stdout } = await postern('stores', 'list');
    expect(stdout.split('\n')[0]).to.match(/^name +kind +default +secrets +projects$/);
    expect(stdout).to.match(/^software +simple_crypto +true +0 +-$/m);
  });

  it('check asks each', async () => {
    const rows = (await json('stores', 'check')) as Readonly<Record<string, unknown>>[];
    expect(rows.map(({ ms, ...row }) => ({ ...row, timed: typeof ms }))).to.deep.equal(
      ['software', 'second'].map((name) => ({
        name,
        kind: 'simple_crypto',
        health: 'ok',
        reason: '',
        facts: { master_keys: 1 },
        timed: 'number',
      })),
    );
  });

  it('assign sends the next secret of the project elsewhere, unassign back, and what is there stays readable', async () => {
    const broker = await serveProcess(file);
    try {
      const first = await stored(broker, 'p-1');
      expect(await json('stores', 'assign', 'p-1', 'second')).to.deep.equal({
        project: 'p-1',
        store: 'second',
      });
      await seen();
      const second = await stored(broker, 'p-1');
      const other = await stored(broker, 'p-2');
      expect(await json('stores', 'unassign', 'p-1')).to.deep.equal({ project: 'p-1', unassigned: true });
      await seen();
      const third = await stored(broker, 'p-1');
      expect([first.store, second.store, other.store, third.store]).to.deep.equal([
        'software',
        'second',
        'software',
        'software',
      ]);
      for (const { path } of [first, second, third]) {
        expect((await send(broker.url, 'GET', `${path}/payload`)).text).to.equal('hello');
      }
      const keys = await rowsOf(
        db.options,
        `select store, root_key from keks where project_id = 'p-1' order by store`,
      );
      expect(keys.map(({ store, root_key: key }) => [store, key])).to.deep.equal([
        ['second', 'of-second'],
        ['software', 'of-software'],
      ]);
    } finally {
      broker.kill('SIGTERM');
      await broker.ended;
    }
    expect(await json('stores', 'assign', 'p-9', 'second')).to.deep.equal({
      project: 'p-9',
      store: 'second',
    });
    expect(await json('stores', 'list')).to.deep.equal([
      { name: 'software', kind: 'simple_crypto', default: true, secrets: 3, projects: [] },
      { name: 'second', kind: 'simple_crypto', default: false, secrets: 1, projects: ['p-9'] },
    ]);
    const of1 = [
      { project: 'p-1', store: 'second', secrets: 1, assigned: false },
      { project: 'p-1', store: 'software', secrets: 2, assigned: false },
    ];
    expect(await json('stores', 'list', '--projects')).to.deep.equal([
      ...of1,
      { project: 'p-2', store: 'software', secrets: 1, assigned: false },
      { project: 'p-9', store: 'second', secrets: 0, assigned: true },
    ]);
    await json('stores', 'assign', 'p-1', 'second');
    expect(await json('stores', 'list', '--project', 'p-1')).to.deep.equal([
      { ...of1[0], assigned: true },
      of1[1],
    ]);
    const { stdout } = await postern('stores', 'list', '--project', 'p-1');
    expect(stdout.split('\n')[0]).to.match(/^project +store +secrets +assigned$/);
    expect(stdout).to.match(/^p-1 +second +1 +true$/m);
    expect((await postern('stores', 'list', '--project', 'nobody')).stdout).to.equal('none\n');
    for (const project of ['p-1', 'p-9'])
      expect(await json('stores', 'unassign', project)).to.deep.equal({ project, unassigned: true });
    expect(await json('stores', 'unassign', 'p-9')).to.deep.equal({ project: 'p-9', unassigned: false });
  }).timeout(90_000);

  const stored = async (
    broker: ServingProcess,
    project: string,
  ): Promise<{ readonly path: string; readonly store: unknown }> => {
    const path = pathOf(
      await send(broker.url, 'POST', '/v1/secrets', { body: textSecret('hello'), project }),
    );
    const id = path.slice('/v1/secrets/'.length);
    const [row] = await rowsOf(db.options, `select store from sealed_payloads where secret_id = '${id}'`);
    return { path, store: row?.['store'] };
  };
  const seen = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SEEN_AFTER_MS));

  it('assign refuses a store nobody configured, and words that are missing', async () => {
    const refused = await postern('stores', 'assign', 'p-1', 'nowhere');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('no configured store is named "nowhere"');
    expect((await postern('stores', 'assign', 'p-1')).stderr).to.include('which project, and which store?');
    expect((await postern('stores', 'unassign')).stderr).to.include('which project?');
  });

  it('assign and unassign take options in place of words, and nothing by halves', async () => {
    const options = ['--store', 'second', '--project', 'p-9'];
    expect(await json('stores', 'assign', ...options)).to.deep.equal({ project: 'p-9', store: 'second' });
    expect(await json('stores', 'unassign', '--project', 'p-9')).to.deep.equal({
      project: 'p-9',
      unassigned: true,
    });
    for (const [args, words] of [
      [['stores', 'assign', '--store', 'second'], 'which project, and which store?'],
      [['stores', 'assign', 'p-9', '--store', 'second'], 'name them all, or none'],
      [['stores', 'unassign', '--store', 'second'], '--store means nothing here'],
      [['stores', 'check', '--project', 'p-9'], '--project means nothing here'],
      [['stores', 'list', '--store', 'second'], '--store means nothing here'],
    ] as const) {
      expect(await postern(...args)).to.include({ code: 1, stderr: `postern: ${words}\n` });
    }
  });

  const serveRefused = async (stores: object, name: string): Promise<string> => {
    const { code, stderr, stdout } = await runPostern(['serve', '--config', configFile(stores, name)]);
    expect(code, stdout).to.equal(1);
    return stderr;
  };

  it('serve refuses to start without a store that holds secrets, or that a project was given', async () => {
    const without = { default: 'software', configured: configured.slice(0, 1) };
    expect(await serveRefused(without, 'without.yaml')).to.match(
      /store "second" holds 1 secrets but is not configured/,
    );
    await rowsOf(db.options, `delete from secrets where store = 'second'`);
    await json('stores', 'assign', 'p-3', 'second');
    expect(await serveRefused(without, 'without.yaml')).to.match(
      /store "second" is assigned to project p-3 but is not configured/,
    );
    await json('stores', 'unassign', 'p-3');
  });

  it('serve refuses a wrong master key, and one that is missing, by name', async () => {
    const wrong = { ...softwareStore('software', OTHER_KEY) };
    const stores = (first: object): object => ({ default: 'software', configured: [first, configured[1]] });
    expect(await serveRefused(stores(wrong), 'wrong.yaml')).to.match(
      /store "software": master key "of-software" does not unwrap/,
    );
    const renamed = { ...wrong, master_keys: [{ id: 'new', key: MASTER_KEY }] };
    expect(await serveRefused(stores(renamed), 'renamed.yaml')).to.match(
      /store "software": master key "of-software" wraps \d+ project keys but is not among/,
    );
    const both = {
      ...wrong,
      master_keys: [
        { id: 'new', key: OTHER_KEY },
        { id: 'of-software', key: MASTER_KEY },
      ],
    };
    const broker = await serveProcess(configFile(stores(both), 'both.yaml'));
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    const check = await runPostern(['stores', 'check', '--config', configFile(stores(wrong), 'wrong.yaml')]);
    expect(check.code).to.equal(1);
    expect(check.stdout).to.match(/^software .*misconfigured .*"of-software" does not unwrap/m);
    expect(check.stdout, 'the others are asked all the same').to.match(/^second +simple_crypto +ok /m);
  });
});
