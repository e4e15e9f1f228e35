import { expect } from 'chai';
import { openDatabase } from '../../src/repositories/database.ts';
import { startApp, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { pathOf, textSecret } from './client.ts';

const sqlite = databases().find(({ name }) => name === 'sqlite3')!;

describe('a database that another process writes to [sqlite3]', () => {
  let app: TestApp;
  before(async () => (app = await startApp({ dialect: sqlite })));
  after(() => app.close());

  it('serves readers, makes writers wait and then answers 503, and serves them afterwards', async () => {
    const secret = pathOf(await app.request('POST', '/v1/secrets', { body: textSecret('hello') }));
    const other = openDatabase(app.config.database);
    try {
      await other.knex.raw('begin immediate');
      expect((await app.request('GET', `${secret}/payload`)).text).to.equal('hello');
      const refused = await app.request('POST', '/v1/secrets', { body: textSecret('later') });
      expect(refused.status, refused.text).to.equal(503);
      expect(refused.headers['retry-after']).to.equal('5');
      expect(refused.json).to.include({ code: 503 });

      const waiting = app.request('POST', '/v1/secrets', { body: textSecret('soon') });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await other.knex.raw('commit');
      expect((await waiting).status).to.equal(201);
    } finally {
      await other.knex.destroy();
    }
  });
});
