import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  aContainer,
  CONTAINER_MISSING,
  idIn,
  list,
  LISTED,
  refOf,
  shown,
  STRANGER,
} from './containers-objects.ts';
import { broker, denied, expectError, JSON_TYPE, NOBODY, NOWHERE, READER } from './wire.ts';

const MISSING = 'Consumer not found.';
const INVALID = 'Not Found. Provided consumer id is invalid.';
const LB = { name: 'lb', URL: 'http://x/1' };

describeDatabases('reading the consumers of a container', (dialect) => {
  const app = broker(dialect);
  const register = (path: string, body: unknown): Promise<Answer> =>
    app().request('POST', `${path}/consumers`, { body });
  const listed = async (path: string): Promise<readonly string[]> => {
    const { json } = await app().request('GET', `${path}/consumers?limit=100`);
    return (json?.['consumers'] as { name: string; URL: string }[]).map((one) => `${one.name} ${one.URL}`);
  };

  describe('GET', () => {
    it('shows five keys of each, and no other', async () => {
      const path = await aContainer(app());
      await register(path, LB);
      const { updated } = await shown(app(), path);
      const item = { created: updated, updated, status: 'ACTIVE', ...LB };
      const answer = await app().request('GET', `${path}/consumers`);
      expect(answer.text).to.equal(JSON.stringify({ consumers: [item], total: 1 }));
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    });

    it('lists by name, whatever the order of registration', async () => {
      const path = await aContainer(app());
      for (const name of ['b', 'B', 'c', 'a']) await register(path, { name, URL: 'u' });
      await register(path, { name: 'b', URL: 'a' });
      expect(await listed(path)).to.deep.equal(['B u', 'a u', 'b a', 'b u', 'c u']);
      const { consumers } = await shown(app(), path);
      expect(consumers.map((one) => `${one.name} ${one.URL}`)).to.deep.equal(await listed(path));
    });

    it('pages, with links that keep the other parameters', async () => {
      const path = await aContainer(app());
      for (let n = 10; n < 22; n += 1) await register(path, { name: `n${n}`, URL: 'u' });
      const url = `${refOf(app(), path)}/consumers`;
      const page = async (query: string): Promise<readonly unknown[]> => {
        const { json } = await app().request('GET', `${path}/consumers${query}`);
        const { consumers, previous, next, total } = json ?? {};
        const names = (consumers as { name: string }[]).map(({ name }) => name);
        return [names.length, names[0], previous, next, total];
      };
      expect(await page('')).to.deep.equal([10, 'n10', undefined, `${url}?limit=10&offset=10`, 12]);
      expect(await page('?offset=10')).to.deep.equal([2, 'n20', `${url}?limit=10&offset=0`, undefined, 12]);
      expect(await page('?foo=b&limit=5&offset=3')).to.deep.equal([
        5,
        'n13',
        `${url}?limit=5&offset=0&foo=b`,
        `${url}?limit=5&offset=8&foo=b`,
        12,
      ]);
      expect(await page('?limit=0')).to.deep.equal([1, 'n10', undefined, `${url}?limit=1&offset=1`, 12]);
      expect(await page('?offset=12')).to.deep.equal([0, undefined, undefined, undefined, 12]);
    });

    it('is for readers, and answers JSON', async () => {
      const path = `${await aContainer(app())}/consumers`;
      expect((await app().request('GET', path, { as: READER })).status).to.equal(200);
      const operation = denied('ContainerConsumers(s) retrieval');
      for (const as of [NOBODY, STRANGER])
        expectError(await app().request('GET', path, { as }), 403, operation);
      const headers = { Accept: 'text/plain' };
      expectError(await app().request('GET', path, { headers, as: NOBODY }), 406, null);
    });
  });

  describe('GET of one', () => {
    const idOf = async (container: string): Promise<string> => {
      const { knex } = app().broker.database;
      const consumers = knex<{ id: string; container_id: string }>('container_consumers');
      const row = await consumers.where({ container_id: idIn(container) }).first();
      return row?.id ?? '';
    };

    it('shows it as the list does', async () => {
      const path = await aContainer(app());
      await register(path, LB);
      const { json } = await app().request('GET', `${path}/consumers`);
      const answer = await app().request('GET', `${path}/consumers/${await idOf(path)}`);
      expect(answer.status).to.equal(200);
      expect([answer.json]).to.deep.equal(json?.['consumers']);
    });

    it('finds nothing of another container, nor what is unknown or no id', async () => {
      const [path, other] = [await aContainer(app()), await aContainer(app())];
      await register(path, LB);
      const id = await idOf(path);
      const get = (below: string): Promise<Answer> =>
        app().request('GET', `${other}/consumers/${below}`, { as: NOBODY });
      expectError(await get(id), 404, MISSING);
      expectError(await get(randomUUID()), 404, MISSING);
      for (const odd of ['x', id.toUpperCase(), '%00']) expectError(await get(odd), 404, INVALID);
      expectError(
        await app().request('GET', `/v1/containers/${NOWHERE}/consumers/x`),
        404,
        CONTAINER_MISSING,
      );
    });

    it('asks the policy, about the container’s list too', async () => {
      const path = await aContainer(app());
      await register(path, LB);
      const item = `${path}/consumers/${await idOf(path)}`;
      expectError(
        await app().request('GET', item, { as: NOBODY }),
        403,
        denied('ContainerConsumer retrieval'),
      );
      expect((await app().request('GET', item, { as: LISTED })).status).to.equal(403);
      await list(app(), path, LISTED.user);
      expect((await app().request('GET', item, { as: LISTED })).status).to.equal(200);
    });

    it('allows nothing else', async () => {
      const path = await aContainer(app());
      await register(path, LB);
      const item = `${path}/consumers/${await idOf(path)}`;
      for (const method of ['DELETE', 'PUT', 'POST', 'PATCH']) {
        const answer = await app().request(method, item, { as: NOBODY });
        expectError(answer, 405, '');
        expect(answer.headers.allow).to.equal('GET');
      }
    });
  });
});
