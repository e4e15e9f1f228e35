import { expect } from 'chai';
import { orderId, projectId } from '../../src/model/ids.ts';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { AES, key, ordered, pair, type Shown } from './orders-requests.ts';
import {
  broker,
  denied,
  expectError,
  expectNoContent,
  freshProject,
  NOBODY,
  NOWHERE,
  READER,
} from './wire.ts';

const MISSING = 'Order not found.';

describeDatabases('the list of orders', (dialect) => {
  const app = broker(dialect);
  const as = freshProject();
  const names = ['a', 'b', 'c', 'd', 'e'];
  before(async () => {
    for (const name of names) await ordered(app(), key({ ...AES, name }), as);
    await ordered(app(), pair({ algorithm: 'RSA', bit_length: 2048, name: 'f', note: 'a "b" ключ %_' }), as);
    await ordered(app(), key(), freshProject());
  });
  const list = (query = ''): Promise<Answer> => app().request('GET', `/v1/orders${query}`, { as });

  it('is the project’s, the oldest first', async () => {
    const answer = await list();
    expect(namesIn(answer)).to.deep.equal([...names, 'f']);
    expect(Object.keys(answer.json ?? {})).to.deep.equal(['orders', 'total']);
    expect(answer.json?.['total']).to.equal(6);
    const [first] = answer.json?.['orders'] as readonly Shown[];
    const one = await app().request('GET', new URL(String(first?.['order_ref'])).pathname, { as });
    expect(one.json).to.deep.equal(first);
  });

  const PAGES: readonly [
    query: string,
    names: string,
    previous: string | undefined,
    next: string | undefined,
  ][] = [
    ['?limit=2', 'ab', undefined, 'limit=2&offset=2'],
    ['?limit=2&offset=2', 'cd', 'limit=2&offset=0', 'limit=2&offset=4'],
    ['?limit=2&offset=4', 'ef', 'limit=2&offset=2', undefined],
    ['?limit=0&offset=1', 'b', 'limit=1&offset=0', 'limit=1&offset=2'],
    ['?offset=6', '', undefined, undefined],
    ['?limit=x&offset=-1', 'abcdef', undefined, undefined],
    ['?limit=1&meta=aes', 'a', undefined, 'limit=1&offset=1&meta=aes'],
  ];
  for (const [query, shown, previous, next] of PAGES) {
    it(`page ${query}`, async () => {
      const answer = await list(query);
      expect(namesIn(answer).join('')).to.equal(shown);
      const link = (to: string | undefined) => to && `${app().url}/v1/orders?${to}`;
      expect([answer.json?.['previous'], answer.json?.['next']]).to.deep.equal([link(previous), link(next)]);
    });
  }

  const FILTERS: readonly [meta: string, names: string][] = [
    ['aes', 'abcde'],
    ['a', 'a'],
    ['RSA', 'f'],
    ['rsa', ''],
    ['ae', ''],
    ['256', ''],
    ['algorithm', 'abcdef'],
    ['note', 'f'],
    ['a "b" ключ %_', 'f'],
    ['%', ''],
    ['a\0', ''],
    ['', 'abcdef'],
  ];
  for (const [meta, shown] of FILTERS) {
    it(`meta=${JSON.stringify(meta)}`, async () => {
      const answer = await list(`?${new URLSearchParams({ meta }).toString()}`);
      expect(namesIn(answer).join('')).to.equal(shown);
      expect(answer.json?.['total']).to.equal(shown.length);
    });
  }

  it('is counted without counting: the total is kept', async () => {
    const { database } = app().broker;
    const own = projectId(as.project);
    await database.knex('order_counts').insert({ project_id: own, shard: 99, orders: 1000 });
    expect((await list()).json?.['total']).to.equal(1006);
    await database.knex('order_counts').where({ project_id: own, shard: 99 }).delete();
  });

  it('is refused as JSON only, and by policy', async () => {
    const answer = await app().request('GET', '/v1/orders', { as, headers: { Accept: 'text/plain' } });
    expectError(answer, 406, null);
    expectError(await app().request('GET', '/v1/orders', { as: NOBODY }), 403, denied('Order(s) retrieval'));
  });
});

describeDatabases('one order', (dialect) => {
  const app = broker(dialect);
  const admin: Persona = { user: 'u-admin', project: 'p-1', roles: ['admin'] };
  const ask = (method: string, path: string, as?: Persona): Promise<Answer> =>
    app().request(method, path, as === undefined ? {} : { as });

  it('is not there for another project, whoever asks', async () => {
    const path = await ordered(app(), key());
    const elsewhere: Persona = { user: 'u-owner', project: 'p-2', roles: ['admin', 'creator'] };
    for (const method of ['GET', 'DELETE', 'PUT'])
      expectError(await ask(method, path, elsewhere), 404, MISSING);
    for (const as of [NOBODY, { ...elsewhere, roles: [] }]) {
      for (const id of [NOWHERE, 'x', 'a%20ref%20that%20does%20not%20exist', 'a%00b', NOWHERE.toUpperCase()])
        expectError(await ask('GET', `/v1/orders/${id}`, as), 404, MISSING);
    }
    expect((await ask('GET', path)).status).to.equal(200);
  });

  it('is shown and deleted as the policy says', async () => {
    const path = await ordered(app(), key());
    expectError(await ask('GET', path, NOBODY), 403, denied('Order retrieval'));
    expect((await ask('GET', path, READER)).status).to.equal(200);
    expectError(await ask('DELETE', path), 403, denied('Order deletion'));
    const before = (await ask('GET', '/v1/orders')).json?.['total'];
    expectNoContent(await ask('DELETE', path, admin));
    expectError(await ask('GET', path), 404, MISSING);
    expectError(await ask('DELETE', path, admin), 404, MISSING);
    expect((await ask('GET', '/v1/orders')).json?.['total']).to.equal(Number(before) - 1);
  });

  it('deleted twice at once is counted once', async () => {
    const path = await ordered(app(), key());
    const { orders } = app().broker.services;
    const order = await orders.find(projectId('p-1'), orderId(path.split('/').at(-1) ?? ''));
    const before = (await ask('GET', '/v1/orders')).json?.['total'];
    await Promise.all([orders.remove(order!), orders.remove(order!)]);
    expect((await ask('GET', '/v1/orders')).json?.['total']).to.equal(Number(before) - 1);
  });

  it('leaves its passphrase to the sweep when it is deleted', async () => {
    const { knex } = app().broker.database;
    const path = await ordered(app(), pair({ algorithm: 'rsa', bit_length: 2048, passphrase: 'hush' }));
    const held = (): Promise<unknown> => knex('secrets').where({ state: 'pending' }).pluck('updated_at');
    expect(await held()).to.deep.equal(['9999-12-31T23:59:59.999999']);
    expect((await ask('GET', '/v1/secrets')).json?.['total']).to.equal(0);
    expectNoContent(await ask('DELETE', path, admin));
    expect(String(await held())).to.match(/^20/);
  });

  it('knows no other methods, and nothing below it', async () => {
    const path = await ordered(app(), key());
    for (const method of ['PUT', 'POST', 'PATCH']) {
      const answer = await ask(method, path);
      expectError(answer, 405, '');
      expect(answer.headers.allow).to.equal('DELETE, GET');
    }
    expectError(await ask('GET', `${path}/x`), 404, '');
    const patched = await ask('PATCH', '/v1/orders');
    expectError(patched, 405, '');
    expect(patched.headers.allow).to.equal('GET, POST, PUT');
  });

  it('is never updated', async () => {
    for (const body of [undefined, {}, { order_ref: 'x' }]) {
      const answer = await app().request('PUT', '/v1/orders', { body });
      expectError(answer, 405, 'Order update is not supported.');
      expect(answer.headers.allow).to.equal('GET, POST, PUT');
    }
    expectError(await ask('PUT', '/v1/orders', READER), 403, denied('Order update'));
  });
});

function namesIn(answer: Answer): readonly unknown[] {
  expect(answer.status, answer.text).to.equal(200);
  return (answer.json?.['orders'] as readonly Shown[]).map(({ meta }) => (meta as Shown)['name']);
}
