import { expect } from 'chai';
import { startApp } from '../helpers/app.ts';
import { describeDatabases, type TestDialect } from '../helpers/databases.ts';
import { reached, setQuota } from './quotas.ts';
import { broker, created, expectError, freshProject, sqlite, TEXT } from './wire.ts';

/** Two processes share a database, and know nothing of each other's requests. */
describeDatabases('a quota and two brokers', (dialect) => {
  it('is never exceeded', async () => {
    const one = await startApp({ dialect });
    const { database: opened } = one.broker;
    const again = { ...opened, options: one.config.database, close: () => Promise.resolve() };
    const shared: TestDialect = { ...dialect, open: () => Promise.resolve(again) };
    const two = await startApp({ dialect: shared });
    try {
      const as = freshProject();
      await setQuota(one, as, { secrets: 7 });
      const requests = Array.from({ length: 30 }, (_, n) =>
        (n % 2 === 0 ? one : two).request('POST', '/v1/secrets', { as, body: TEXT }),
      );
      const answers = await Promise.all(requests);
      const made = answers.filter((answer) => answer.status === 201);
      const refused = answers.filter((answer) => answer.status === 403);
      expect([made.length, refused.length]).to.deep.equal([7, 23]);
    } finally {
      await two.close();
      await one.close();
    }
  });
});

describe('quotas of the configuration', () => {
  const app = broker(sqlite(), { quotas: { secrets: 1, containers: 0 } });

  it('count where nothing is set for the project, and not where something is', async () => {
    const as = freshProject();
    await created(app(), TEXT, { as });
    expectError(
      await app().request('POST', '/v1/secrets', { as, body: TEXT }),
      403,
      reached('Secret creation'),
    );
    await setQuota(app(), as, { secrets: 2 });
    await created(app(), TEXT, { as });
    const container = await app().request('POST', '/v1/containers', { as, body: { type: 'generic' } });
    expectError(container, 403, reached('Container creation'));
  });

  it('are what a project sees as its own', async () => {
    const as = freshProject();
    await setQuota(app(), as, { secrets: 5, cas: 3 });
    const answer = await app().request('GET', '/v1/quotas', { as });
    expect(answer.text).to.equal(
      '{"quotas":{"secrets":5,"orders":-1,"containers":0,"consumers":-1,"cas":3}}',
    );
  });
});

describeDatabases('no quota', (dialect) => {
  const app = broker(dialect);

  it('costs a create nothing: no reservation, no count, and the project looked up once in a while', async () => {
    const as = freshProject();
    await created(app(), TEXT, { as });
    const statements: string[] = [];
    app().broker.database.knex.on('query', ({ sql }: { readonly sql: string }) => statements.push(sql));
    await created(app(), TEXT, { as });
    expect(statements.filter((sql) => sql.includes('quota'))).to.deep.equal([]);
    await setQuota(app(), as, { secrets: 9 });
    await created(app(), TEXT, { as });
    expect(statements.filter((sql) => sql.includes('quota_reservations'))).not.to.be.empty;
  });
});
