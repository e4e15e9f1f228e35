import { expect } from 'chai';
import { projectId } from '../../src/model/ids.ts';
import { timestamp } from '../../src/model/timestamp.ts';
import { createSecretStoreRecordRepository } from '../../src/repositories/secret-store-records.ts';
import { startApp, type Answer, type Persona, type TestApp } from '../helpers/app.ts';
import { describeDatabases, type TestDialect } from '../helpers/databases.ts';
import { admin, listed, pathOf, TWO } from './secret-stores.ts';
import {
  broker,
  created,
  expectError,
  expectNoContent,
  freshProject,
  JSON_TYPE,
  NOWHERE,
  TEXT,
  UUID4,
} from './wire.ts';

const MISSING = 'Not Found. Secret store not found.';
const NO_PREFERENCE = 'Not Found. No preferred secret store defined for this project.';

describeDatabases('two secret stores', (dialect) => {
  const app = broker(dialect, TWO);
  const get = (path: string, as?: Persona): Promise<Answer> =>
    app().request('GET', path, as === undefined ? {} : { as });

  it('are listed, by name, with everything that is known of them', async () => {
    const answer = await get('/v1/secret-stores');
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    expect(answer.json).to.have.all.keys('secret_stores');
    const [annexe, software, ...rest] = answer.json?.['secret_stores'] as Record<string, unknown>[];
    expect(rest).to.deep.equal([]);
    for (const [shown, name] of [
      [annexe, 'annexe'],
      [software, 'software'],
    ] as const) {
      expect(Object.keys(shown ?? {})).to.deep.equal([
        'created',
        'updated',
        'status',
        'crypto_plugin',
        'global_default',
        'name',
        'secret_store_plugin',
        'secret_store_ref',
      ]);
      expect(shown).to.deep.include({
        status: 'ACTIVE',
        crypto_plugin: 'simple_crypto',
        global_default: name === 'software',
        name,
        secret_store_plugin: 'store_crypto',
      });
      expect(shown?.['created']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
      expect(shown?.['secret_store_ref']).to.match(new RegExp(`^${app().url}/v1/secret-stores/${UUID4}$`));
    }
  });

  it('are shown one by one, as in the list', async () => {
    for (const shown of await listed(app())) {
      const answer = await get(new URL(shown.secret_store_ref).pathname);
      expect([answer.status, answer.json]).to.deep.equal([200, shown]);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    }
  });

  it('have a default', async () => {
    const answer = await get('/v1/secret-stores/global-default');
    const [, software] = await listed(app());
    expect([answer.status, answer.json]).to.deep.equal([200, software]);
  });

  for (const id of [NOWHERE, 'software', 'x', '%00', 'x'.repeat(300)]) {
    it(`are not found as ${id.slice(0, 40)}`, async () => {
      expectError(await get(`/v1/secret-stores/${id}`), 404, MISSING);
      for (const method of ['POST', 'DELETE', 'PUT', 'GET']) {
        expectError(await app().request(method, `/v1/secret-stores/${id}/preferred`), 404, MISSING);
      }
    });
  }

  describe('a preferred one', () => {
    it('is none in the beginning', async () => {
      expectError(await get('/v1/secret-stores/preferred', freshProject()), 404, NO_PREFERENCE);
    });

    it('is set, replaced and removed, whatever the body', async () => {
      const as = admin();
      for (const [name, body] of [
        ['annexe', undefined],
        ['annexe', undefined],
        ['software', 'garbage'],
        ['annexe', { a: 1 }],
      ] as const) {
        const path = await pathOf(app(), name);
        expectNoContent(await app().request('POST', `${path}/preferred`, { as, body }));
        const answer = await get('/v1/secret-stores/preferred', as);
        expect([answer.status, answer.json?.['name']]).to.deep.equal([200, name]);
        expect(answer.json).to.deep.equal((await get(path)).json);
      }
      const path = `${await pathOf(app(), 'annexe')}/preferred`;
      expectNoContent(await app().request('DELETE', path, { as }));
      expectError(await get('/v1/secret-stores/preferred', as), 404, NO_PREFERENCE);
      expectError(await app().request('DELETE', path, { as }), 404, NO_PREFERENCE);
    });

    it('is not removed as another', async () => {
      const as = admin();
      await app().request('POST', `${await pathOf(app(), 'annexe')}/preferred`, { as });
      const other = `${await pathOf(app(), 'software')}/preferred`;
      expectError(await app().request('DELETE', other, { as }), 404, NO_PREFERENCE);
      expect((await get('/v1/secret-stores/preferred', as)).json?.['name']).to.equal('annexe');
    });

    it('is one project’s own', async () => {
      const as = admin();
      await app().request('POST', `${await pathOf(app(), 'annexe')}/preferred`, { as });
      expectError(await get('/v1/secret-stores/preferred', freshProject()), 404, NO_PREFERENCE);
    });

    it('takes new secrets at once, and those that exist stay where they are', async () => {
      const as = admin();
      const before = await created(app(), TEXT, { as });
      await app().request('POST', `${await pathOf(app(), 'annexe')}/preferred`, { as });
      const after = await created(app(), TEXT, { as });
      await app().request('DELETE', `${await pathOf(app(), 'annexe')}/preferred`, { as });
      const again = await created(app(), TEXT, { as });
      const rows = await app()
        .broker.database.knex<{ id: string; store: string; project_id: string }>('secrets')
        .where({ project_id: as.project });
      const storeOf = (path: string): unknown => rows.find(({ id }) => path.endsWith(id))?.store;
      expect([before, after, again].map(storeOf)).to.deep.equal(['software', 'annexe', 'software']);
      for (const path of [before, after, again]) {
        expect((await get(`${path}/payload`, as)).text).to.equal(TEXT.payload);
      }
    });

    it('is what the command line assigned', async () => {
      const as = freshProject();
      const { projectStores } = app().broker.services;
      await projectStores.assign(projectId(as.project), 'annexe', app().broker.services.clock());
      expect((await get('/v1/secret-stores/preferred', as)).json?.['name']).to.equal('annexe');
    });

    it('is set once by many at once', async () => {
      const as = admin();
      const path = `${await pathOf(app(), 'annexe')}/preferred`;
      const post = (): Promise<Answer> => app().request('POST', path, { as });
      const answers = await Promise.all([post(), post(), post(), post()]);
      expect(answers.map(({ status }) => status)).to.deep.equal([204, 204, 204, 204]);
    });
  });
});

describeDatabases('the records of secret stores', (dialect) => {
  it('are made once by many at once, and kept', async () => {
    const database = await dialect.open();
    try {
      const records = createSecretStoreRecordRepository(database);
      const stores = [
        { name: 'a', kind: 'vault' },
        { name: 'b', kind: 'kmip' },
      ];
      const [first, second] = [
        timestamp('2026-01-01T00:00:00.000000'),
        timestamp('2026-02-01T00:00:00.000000'),
      ];
      const starts = await Promise.all([1, 2, 3].map(() => records.register(stores, first)));
      for (const start of starts) expect(start).to.deep.equal(starts[0]);
      expect(starts[0]?.map(({ name, updatedAt }) => [name, updatedAt])).to.deep.equal([
        ['a', first],
        ['b', first],
      ]);
      expect(await records.register(stores.slice(0, 1), second)).to.deep.equal(starts[0]?.slice(0, 1));
      const [changed] = await records.register([{ name: 'b', kind: 'vault' }], second);
      expect(changed).to.deep.equal({ ...starts[0]?.[1], kind: 'vault', updatedAt: second });
    } finally {
      await database.close();
    }
  });

  it('outlive a restart', async () => {
    const one = await startApp({ dialect, config: TWO });
    const { database: opened } = one.broker;
    const again = { ...opened, options: one.config.database, close: () => Promise.resolve() };
    const shared: TestDialect = { ...dialect, open: () => Promise.resolve(again) };
    const two = await startApp({ dialect: shared, config: TWO });
    try {
      const plain = async (app: TestApp): Promise<string> => JSON.stringify(await listed(app));
      expect((await plain(two)).replaceAll(two.url, '')).to.equal((await plain(one)).replaceAll(one.url, ''));
    } finally {
      await two.close();
      await one.close();
    }
  });
});
