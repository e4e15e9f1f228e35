import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { builtMain } from '../helpers/built.ts';
import { oneDatabase, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  MASTER_KEY,
  OTHER_KEY,
  runPostern,
  serveProcess,
  softwareStore,
  until,
  type Ran,
  type ServingProcess,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send } from '../robustness/client.ts';

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly moved: number;
  readonly destroyed: number;
  readonly returned: number;
  readonly failed: number;
  readonly by: string;
}

describe('postern move', () => {
  const dialect = oneDatabase();
  let place: Workplace;
  let db: TestDatabase;
  let file: string;
  let broker: ServingProcess;

  beforeEach(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    db = await dialect.open();
    const stores = {
      default: 'software',
      configured: [softwareStore('software', MASTER_KEY), softwareStore('other', OTHER_KEY)],
    };
    file = place.config(configuration(place, { database: databaseSection(db.options), stores }));
    broker = await serveProcess(file);
  });
  afterEach(async () => {
    broker.kill('SIGTERM');
    await broker.ended;
    await db.close();
    place.remove();
  });

  const run = (...words: readonly string[]): Promise<Ran> => runPostern([...words, '--config', file]);
  const shown = async <T = Shown>(...words: readonly string[]): Promise<T> => {
    const ran = await run(...words, '--json');
    expect(ran.code, ran.stderr).to.equal(0);
    return JSON.parse(ran.stdout) as T;
  };
  const create = async (count: number, project = 'p-1'): Promise<readonly string[]> => {
    const body = { payload: 'hello', payload_content_type: 'text/plain' };
    const paths = [];
    for (let at = 0; at < count; at += 1)
      paths.push(pathOf(await send(broker.url, 'POST', '/v1/secrets', { project, body })));
    return paths;
  };
  const read = async (path: string, project = 'p-1'): Promise<string> =>
    (await send(broker.url, 'GET', `${path}/payload`, { project, headers: { Accept: 'text/plain' } })).text;
  const numbers = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await shown<{ name: string; secrets: number }[]>('stores', 'list')).map(({ name, secrets }) => [
        name,
        secrets,
      ]),
    );

  it('shows what it would do, does it, and tells what it did', async function () {
    this.timeout(60_000);
    const paths = await create(5);
    await create(2, 'p-2');
    const words = ['move', '--project', 'p-1', '--to', 'other'];
    expect(await shown<object[]>(...words, '--dry-run')).to.deep.equal([
      { project: 'p-1', from: 'software', to: 'other', secrets: 5, bytes: 25 },
    ]);
    expect(await numbers()).to.deep.equal({ software: 7, other: 0 });
    const ran = await run(...words);
    expect(ran.code).to.equal(0);
    expect(ran.stderr).to.match(/^mov-[0-9a-f-]{36}\n/);
    expect(ran.stderr, 'what operators forget').to.include('stores assign --project p-1 --store other');
    expect(ran.stdout).to.match(/^state: done$/m);
    expect(await numbers()).to.deep.equal({ software: 2, other: 5 });
    const [listed] = await shown<Shown[]>('move', 'list');
    expect(listed).to.include({ state: 'done', total: 5, moved: 5, destroyed: 5, failed: 0 });
    expect(listed?.by).to.match(/.@./);
    const receipts = await shown<{ state: string; from: string; to: string }[]>(
      'move',
      'receipts',
      listed!.id,
    );
    expect(receipts).to.have.length(5);
    expect(receipts[0]).to.include({ state: 'done', from: 'software', to: 'other' });
    for (const path of paths) expect(await read(path)).to.equal('hello');
  });

  it('keeps old copies if told to, takes a move back, or finishes it', async function () {
    this.timeout(60_000);
    const paths = await create(4);
    const kept = await shown('move', '--from', 'software', '--to', 'other', '--keep');
    expect(kept).to.include({ state: 'kept', moved: 4, destroyed: 0 });
    const refused = await run('move', 'resume', kept.id);
    expect(refused).to.include({ code: 1 });
    expect(refused.stderr).to.include(`postern move finish ${kept.id}`);
    expect(await shown('move', 'undo', kept.id)).to.include({ state: 'undone', moved: 0, returned: 4 });
    expect(await numbers()).to.deep.equal({ software: 4, other: 0 });
    const again = await shown('move', '--from', 'software', '--to', 'other', '--keep');
    const without = { default: 'other', configured: [softwareStore('other', OTHER_KEY)] };
    const database = databaseSection(db.options);
    const lacking = place.config(configuration(place, { database, stores: without }), 'without.yaml');
    const start = await runPostern(['serve', '--config', lacking]);
    expect(start.code, 'the old copies must be within reach').to.equal(1);
    expect(start.stderr).to.include('store "software" has copies of 4 secrets');
    expect(await shown('move', 'finish', again.id)).to.include({ state: 'done', moved: 4, destroyed: 4 });
    const late = await run('move', 'undo', again.id);
    expect(late).to.include({ code: 1 });
    expect(late.stderr).to.include('are destroyed');
    for (const path of paths) expect(await read(path)).to.equal('hello');
  });

  it('is paused from elsewhere, killed, and resumed at another pace', async function () {
    this.timeout(90_000);
    await create(12);
    const begin = (...words: readonly string[]) =>
      spawn(process.execPath, [builtMain(), ...words, '--config', file], {
        stdio: 'ignore',
      });
    const running = (): Promise<Shown> =>
      until(async () => {
        const [move] = await shown<Shown[]>('move', 'list');
        return move?.state === 'running' ? move : undefined;
      }, 'a running move');
    const slow = begin('move', '--from', 'software', '--to', 'other', '--rate', '1', '--concurrency', '1');
    const { id } = await running();
    const twice = await run('move', 'resume', id);
    expect(twice.code, 'one process at a time').to.equal(1);
    const ended = new Promise((resolve) => slow.once('exit', resolve));
    expect(await shown('move', 'pause', id)).to.include({ state: 'paused' });
    expect(await ended, 'not done yet').to.equal(1);
    const killed = begin('move', 'resume', id, '--rate', '1');
    await running();
    killed.kill('SIGKILL');
    await new Promise((resolve) => killed.once('exit', resolve));
    expect(await shown<Shown[]>('move', 'list').then(([move]) => move)).to.include({ state: 'interrupted' });
    expect(await shown('move', 'resume', id, '--rate', '1000')).to.include({ state: 'done', destroyed: 12 });
    expect(await numbers()).to.deep.equal({ software: 0, other: 12 });
  });

  it('refuses what makes no sense, and begins nothing', async function () {
    this.timeout(60_000);
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [['move', '--project', 'p-1'], '--to'],
      [['move', '--to', 'other'], '--project'],
      [['move', '--to', 'nowhere', '--project', 'p-1'], 'nowhere'],
      [['move', '--to', 'other', '--from', 'other'], 'there already'],
      [['move', '--to', 'other', '--project', 'p-1', '--type', 'key'], 'symmetric'],
      [['move', '--to', 'other', '--project', 'p-1', '--rate', 'fast'], '--rate'],
      [['move', '--to', 'other', '--project', 'p-1', '--concurrency', '1.5'], '--concurrency'],
      [['move', 'resume'], 'which move'],
      [['move', 'resume', 'mov-none'], 'mov-none'],
      [['move', 'receipts', 'mov-none', '--state', 'odd'], '--state'],
      [['stores', 'list', '--rate', '1'], '--rate means nothing here'],
    ];
    for (const [words, said] of refusals) {
      const ran = await run(...words);
      expect(ran, words.join(' ')).to.include({ code: 1, stdout: '' });
      expect(ran.stderr).to.include(said);
    }
    expect(await shown<Shown[]>('move', 'list')).to.deep.equal([]);
  });
});
