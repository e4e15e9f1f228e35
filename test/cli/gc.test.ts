import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { timestampFromMillis } from '../../src/model/timestamp.ts';
import { openDatabase } from '../../src/repositories/database.ts';
import { oneDatabase, type TestDatabase } from '../helpers/databases.ts';
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
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send, textSecret } from '../robustness/client.ts';

interface StoreRow {
  readonly store: string;
  readonly objects: number;
  readonly orphans: number;
  readonly copies: number;
  readonly expired: number;
  readonly half_done: number;
  readonly destroyed: number;
  readonly failed: number;
  readonly problem: string;
}

interface Report {
  readonly destroyed: boolean;
  readonly stores: readonly StoreRow[];
  readonly expired: Readonly<Record<string, unknown>>;
  readonly half_done: Readonly<Record<string, number>>;
  readonly reservations: number;
  readonly soft_deleted: number;
}

const DAY_MS = 86_400_000;
const STORES = [softwareStore('software', MASTER_KEY), softwareStore('other', OTHER_KEY)];
/** Nobody listens on port 9 here. */
const AWAY = { kind: 'vault', name: 'away', url: 'http://127.0.0.1:9', auth: { token: { env: 'TOKEN' } } };

describe('postern gc', () => {
  const dialect = oneDatabase();
  let place: Workplace;
  let db: TestDatabase;
  let file: string;
  /** Four secrets: one to keep, two that expired, one of these with a consumer, and one with a copy too many. */
  let ids: Readonly<Record<'kept' | 'expired' | 'used' | 'copied', string>>;

  const fileWith = (changes: object, name: string): string => {
    const stores = { default: 'software', configured: STORES };
    return place.config(
      configuration(place, { database: databaseSection(db.options), stores, ...changes }),
      name,
    );
  };
  const run = (...words: readonly string[]): Promise<Ran> => runPostern(['gc', ...words, '--config', file]);
  const report = ({ stdout }: Ran): Report => JSON.parse(stdout) as Report;
  const rowOf = ({ stores }: Report, name: string): StoreRow | undefined =>
    stores.find(({ store }) => store === name);
  const isThere = async (id: string): Promise<boolean> =>
    (await rowsOf(db.options, `select id from secrets where id = '${id}'`)).length === 1;

  beforeEach(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    db = await dialect.open();
    file = fileWith({}, 'postern.yaml');
    ids = await fill();
    await neglect();
  });
  afterEach(async () => {
    await db.close();
    place.remove();
  });

  async function fill(): Promise<typeof ids> {
    const broker = await serveProcess(file);
    const create = async (name: string): Promise<string> =>
      pathOf(await send(broker.url, 'POST', '/v1/secrets', { body: textSecret(name) }))
        .split('/')
        .at(-1) ?? '';
    const made = {
      kept: await create('kept'),
      expired: await create('expired'),
      used: await create('used'),
      copied: await create('copied'),
    };
    const consumer = { service: 'image', resource_type: 'image', resource_id: '1' };
    const headers = { 'OpenStack-API-Version': 'key-manager 1.1' };
    const path = `/v1/secrets/${made.used}/consumers`;
    expect((await send(broker.url, 'POST', path, { body: consumer, headers })).status).to.equal(200);
    broker.kill('SIGTERM');
    await broker.ended;
    return made;
  }

  /** What time and crashes do. */
  async function neglect(): Promise<void> {
    const { knex } = openDatabase(db.options);
    const ago = (days: number): string => timestampFromMillis(Date.now() - days * DAY_MS);
    await knex('secrets')
      .whereIn('id', [ids.expired, ids.used])
      .update({ expires_at: ago(40) });
    const [sealed] = (await knex('sealed_payloads').where({ secret_id: ids.copied })) as object[];
    await knex('sealed_payloads').insert({ ...sealed, store: 'other' });
    const [row] = (await knex('secrets').where({ id: ids.kept })) as object[];
    const half = { id: 'half-done', state: 'pending', updated_at: ago(1), store: 'other', store_ref: null };
    await knex('secrets').insert({ ...row, ...half });
    const reservation = { object_id: 'x', project_id: 'p-1', kind: 'secrets', expires_at: ago(1) };
    await knex('quota_reservations').insert(reservation);
    await knex.destroy();
  }

  it('shows what there is, and changes nothing', async () => {
    const ran = await run('--expired-after', '30d', '--json');
    expect(ran.code, ran.stderr).to.equal(0);
    const seen = report(ran);
    expect(seen).to.deep.include({ destroyed: false, reservations: 1, soft_deleted: 0 });
    expect(seen.expired).to.include({ found: 2, in_use: 1, deleted: 0 });
    expect(seen.half_done).to.include({ found: 1, finished: 0 });
    expect(rowOf(seen, 'software')).to.include({ objects: 4, orphans: 0, copies: 0, expired: 2 });
    expect(rowOf(seen, 'other')).to.include({ objects: 1, copies: 1, half_done: 1, destroyed: 0 });
    expect(await rowsOf(db.options, 'select id from secrets')).to.have.length(5);
    expect(await rowsOf(db.options, 'select secret_id from sealed_payloads')).to.have.length(5);
    expect(await rowsOf(db.options, 'select object_id from quota_reservations')).to.have.length(1);
  }).timeout(60_000);

  it('prints a table for people, and the rest in words', async () => {
    const ran = await run();
    expect(ran.stdout).to.match(/^store +objects +orphans +copies +under_way +expired +half_done +/m);
    expect(ran.stdout).to.match(/^other +1 +0 +1 +0 +0 +1 +0 +0 +0 +1 of 1 objects would go/m);
    expect(ran.stderr).to.contain('expired secrets are kept');
    expect(ran.stderr).to.contain('"postern gc --destroy" does that');
    expect(ran.code).to.equal(0);
  }).timeout(60_000);

  it('destroys what it was told to, and nothing else', async () => {
    const ran = await run('--destroy', '--expired-after', '30d', '--at-most', '1', '--rate', '100', '--json');
    expect(ran.code, ran.stderr).to.equal(0);
    const done = report(ran);
    expect(done.expired).to.include({ found: 2, in_use: 1, deleted: 1, failed: 0 });
    expect(done.half_done).to.include({ found: 1, finished: 1, failed: 0 });
    expect(rowOf(done, 'other')).to.include({ copies: 1, destroyed: 1 });
    expect(ran.stderr).to.contain(ids.expired).and.contain(ids.copied);
    for (const id of [ids.kept, ids.used, ids.copied]) expect(await isThere(id), id).to.equal(true);
    for (const id of [ids.expired, 'half-done']) expect(await isThere(id), id).to.equal(false);
    const again = report(await run('--expired-after', '30d', '--json'));
    expect(rowOf(again, 'software')).to.include({ objects: 3, orphans: 0, copies: 0 });
    expect(rowOf(again, 'other')).to.include({ objects: 0 });
    expect(again.reservations).to.equal(0);
    const broker = await serveProcess(file);
    const accept = { headers: { Accept: 'text/plain' } };
    for (const name of ['kept', 'copied'] as const) {
      const answer = await send(broker.url, 'GET', `/v1/secrets/${ids[name]}/payload`, accept);
      expect(answer.text).to.equal(name);
    }
    broker.kill('SIGTERM');
    await broker.ended;
    const trail = readFileSync(place.path('audit.jsonl.commands'), 'utf8').trimEnd().split('\n');
    const told = trail.map((line) => JSON.parse(line) as { readonly work?: string; readonly done?: number });
    expect(told.map(({ work, done }) => [work, done])).to.deep.equal([
      [undefined, undefined],
      ['deleting expired secrets', 1],
      ['destroying what other has to spare', 1],
      [undefined, undefined],
    ]);
  }).timeout(60_000);

  it('destroys nothing of a store where too much would go, and fails', async () => {
    const ran = await run('--destroy', '--json');
    expect(ran.code).to.equal(1);
    const done = report(ran);
    expect(rowOf(done, 'other')).to.include({ copies: 1, destroyed: 0 });
    expect(rowOf(done, 'other')?.problem).to.contain('--at-most 1');
    expect(done.half_done, 'the rest is done').to.include({ finished: 1 });
    expect(await isThere(ids.expired), 'expired secrets are kept unless something says otherwise').to.equal(
      true,
    );
  }).timeout(60_000);

  it('takes the age of expired secrets from the configuration, and keeps to one store', async () => {
    file = fileWith({ gc: { expired_after: '30d' } }, 'gc.yaml');
    const other = report(await run('--destroy', '--store', 'other', '--at-most', '5', '--json'));
    expect(other.stores.map(({ store }) => store)).to.deep.equal(['other']);
    expect(other.expired).to.include({ deleted: 0 });
    expect(await isThere('half-done'), 'rows of no store are left').to.equal(true);
    const all = report(await run('--destroy', '--expired-after', '50d', '--json'));
    expect(all.expired, 'the command line has the last word').to.include({ found: 0 });
    expect(report(await run('--destroy', '--json')).expired).to.include({ deleted: 1 });
  }).timeout(60_000);

  it('says of a store that is away that it is, does the others, and fails', async () => {
    file = fileWith({ stores: { default: 'software', configured: [...STORES, AWAY] } }, 'away.yaml');
    const words = ['gc', '--destroy', '--at-most', '1', '--json', '--config', file];
    const ran = await runPostern(words, { TOKEN: 'x' });
    expect(ran.code).to.equal(1);
    const done = report(ran);
    expect(rowOf(done, 'away')?.problem).to.contain('store "away"');
    expect(rowOf(done, 'other')).to.include({ destroyed: 1 });
  }).timeout(60_000);

  it('refuses what makes no sense', async () => {
    for (const [words, said] of [
      [['--store', 'nowhere'], 'no configured store is named "nowhere"'],
      [['--expired-after', 'soon'], '--expired-after is a time such as 12h or 30d, not "soon"'],
      [['--at-most', 'all'], '--at-most needs a number above 0'],
    ] as const) {
      const ran = await run(...words);
      expect(ran.code).to.equal(1);
      expect(ran.stderr).to.contain(said);
    }
  }).timeout(60_000);
});
