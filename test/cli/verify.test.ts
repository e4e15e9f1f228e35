import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { privateFile } from '../helpers/real-stores.ts';
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
  type Ran,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send } from '../robustness/client.ts';

interface Shown {
  readonly store: string;
  readonly project: string;
  readonly key: string;
  readonly read: number;
  readonly failed: number;
  readonly problem: string;
}

describe('postern verify', () => {
  const dialect = oneDatabase();
  let place: Workplace;
  let db: TestDatabase;
  let file: string;

  const secretsOf = { 'p-1': 7, 'p-2': 5 } as const;
  const ids: string[] = [];

  before(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    db = await dialect.open();
    file = place.config(settings());
    const broker = await serveProcess(file);
    for (const [project, count] of Object.entries(secretsOf))
      for (let at = 0; at < count; at += 1) {
        const body = { payload: `payload ${at}`, payload_content_type: 'text/plain' };
        ids.push(
          pathOf(await send(broker.url, 'POST', '/v1/secrets', { project, body }))
            .split('/')
            .at(-1)!,
        );
      }
    // Nothing to read: no failure.
    await send(broker.url, 'POST', '/v1/secrets', { project: 'p-1', body: { name: 'to come' } });
    broker.kill('SIGTERM');
    await broker.ended;
    expect((await run('stores', 'assign', 'p-2', 'other')).code).to.equal(0);
    expect((await run('move', '--project', 'p-2', '--to', 'other')).code).to.equal(0);
  });
  after(async () => {
    await db.close();
    place.remove();
  });

  const settings = (also: readonly object[] = []): object => ({
    ...configuration(place, {
      database: databaseSection(db.options),
      stores: {
        default: 'software',
        configured: [softwareStore('software', MASTER_KEY), softwareStore('other', OTHER_KEY), ...also],
      },
      audit: { sinks: [{ kind: 'file', path: place.path('audit.jsonl') }] },
    }),
  });
  const run = (...words: readonly string[]): Promise<Ran> => runPostern([...words, '--config', file]);
  const verified = async (code: number, ...words: readonly string[]): Promise<readonly Shown[]> => {
    const ran = await run('verify', ...words, '--json');
    expect(ran.code, ran.stderr).to.equal(code);
    return JSON.parse(ran.stdout) as readonly Shown[];
  };
  const fine = (store: string, project: keyof typeof secretsOf): Shown => ({
    ...{ store, project, key: `v1 under of-${store}`, read: secretsOf[project], failed: 0, problem: '' },
  });
  /** In the database, past the broker, for as long as `work` takes. */
  const damaged = async (id: string, work: () => Promise<void>): Promise<void> => {
    const row = db.knex('sealed_payloads').where({ secret_id: id });
    const { blob } = (await row.clone().first()) as { readonly blob: Buffer };
    const other = Buffer.from(blob);
    other[other.length - 1]! ^= 1;
    await row.clone().update({ blob: other });
    try {
      await work();
    } finally {
      await row.clone().update({ blob });
    }
  };

  it('reads every payload, and says under which key of which project they are', async () => {
    expect(await verified(0)).to.deep.equal([fine('software', 'p-1'), fine('other', 'p-2')]);
  });

  it('keeps to a store, or to a project', async () => {
    expect(await verified(0, '--store', 'other')).to.deep.equal([fine('other', 'p-2')]);
    expect(await verified(0, '--project', 'p-1')).to.deep.equal([fine('software', 'p-1')]);
    expect(await verified(0, '--project', 'nobody')).to.deep.equal([]);
  });

  it('reads a sample of each store, and all of one that has no more', async () => {
    const read = async (n: number): Promise<readonly number[]> =>
      (await verified(0, '--sample', String(n))).map((row) => row.read);
    expect(await read(3)).to.deep.equal([3, 3]);
    expect(await read(6)).to.deep.equal([6, 5]);
    expect(await read(100)).to.deep.equal([7, 5]);
  });

  it('names what does not open, reads the rest, and fails', async () => {
    await damaged(ids[2]!, async () => {
      const ran = await run('verify', '--json');
      expect(ran.code).to.equal(1);
      expect(JSON.parse(ran.stdout)).to.deep.equal([
        { ...fine('software', 'p-1'), read: 6, failed: 1 },
        fine('other', 'p-2'),
      ]);
      expect(ran.stderr).to.include(`secret ${ids[2]!} of project p-1: `);
      expect(ran.stderr).not.to.include('payload 2');
    });
    await verified(0);
  });

  it('fails for one that its store has lost', async () => {
    const row = db.knex('sealed_payloads').where({ secret_id: ids[8] });
    const [lost] = (await row.clone().select('*')) as object[];
    await row.clone().del();
    const ran = await run('verify', '--store', 'other', '--json');
    await db.knex('sealed_payloads').insert(lost);
    expect(ran.code).to.equal(1);
    expect(ran.stderr).to.match(new RegExp(`secret ${ids[8]!} of project p-2: store other has lost`));
    const [of, , ...more] = JSON.parse(ran.stdout) as readonly Shown[];
    expect(more).to.deep.equal([]);
    expect(of).to.include({ store: 'other', project: 'p-2', failed: 1 });
  });

  it('fails for one that came back with another length', async () => {
    const row = db.knex('secrets').where({ id: ids[0] });
    await row.clone().update({ payload_size: 3 });
    const ran = await run('verify', '--store', 'software', '--json');
    await row.clone().update({ payload_size: 'payload 0'.length });
    expect(ran.code).to.equal(1);
    expect(ran.stderr).to.include(`secret ${ids[0]!} of project p-1: 9 bytes came back of 3`);
  });

  it('reads the other stores when one is away', async () => {
    const away = {
      kind: 'vault',
      name: 'away',
      url: 'http://127.0.0.1:9',
      auth: {
        approle: { role_id: 'none', secret_id: privateFile(place.folder, 'secret-id', 'none') },
      },
      mount: 'secret',
    };
    file = place.config(settings([away]));
    try {
      const rows = await verified(1);
      expect(rows.slice(0, 2)).to.deep.equal([fine('software', 'p-1'), fine('other', 'p-2')]);
      expect(rows[2]).to.include({ store: 'away', read: 0, failed: 0 });
      expect(rows[2]?.problem).not.to.equal('');
    } finally {
      file = place.config(settings());
    }
  });

  it('is in the audit, with how much was read', async () => {
    await verified(0, '--project', 'p-1');
    const lines = readFileSync(place.path('audit.jsonl.commands'), 'utf8').trimEnd().split('\n').slice(-3);
    const [intent, batch, outcome] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(intent).to.deep.include({ kind: 'intent', action: 'command:verify', options: { project: 'p-1' } });
    expect(batch).to.include({ kind: 'batch', work: 'reading software', done: 7, skipped: 0, failed: 0 });
    expect(outcome).to.include({ kind: 'outcome', exit_code: 0 });
  });

  it('refuses a store it does not know, and a sample of none', async () => {
    for (const words of [
      ['--store', 'nowhere'],
      ['--sample', '0'],
      ['--sample', 'some'],
    ])
      expect((await run('verify', ...words)).code, words.join(' ')).to.equal(1);
  });
});
