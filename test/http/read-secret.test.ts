import { expect } from 'chai';
import { secretId } from '../../src/model/ids.ts';
import { projectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, expectError, expectNoContent, JSON_TYPE, NOBODY, TEXT } from './wire.ts';
import type { Answer, TestApp } from '../helpers/app.ts';

const KEYS = [
  'created',
  'updated',
  'status',
  'name',
  'secret_type',
  'expiration',
  'algorithm',
  'bit_length',
  'mode',
  'creator_id',
];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?$/;

const at = (version: string): { headers: Record<string, string> } => ({
  headers: { 'OpenStack-API-Version': `key-manager ${version}` },
});

describeDatabases('GET /v1/secrets/{id}', (dialect) => {
  const app = broker(dialect);

  /** With or without payload, at each version: which keys there are, in which order. */
  const SHAPES: readonly [body: object, version: string, keys: readonly string[]][] = [
    [{}, '1.0', [...KEYS, 'secret_ref']],
    [{}, '1.1', [...KEYS, 'consumers', 'secret_ref']],
    [{}, '1.2', [...KEYS, 'consumers', 'secret_ref']],
    [TEXT, '1.0', [...KEYS, 'content_types', 'secret_ref']],
    [TEXT, '1.1', [...KEYS, 'consumers', 'content_types', 'secret_ref']],
    [TEXT, '1.2', [...KEYS, 'consumers', 'content_types', 'secret_ref']],
  ];
  for (const [body, version, keys] of SHAPES) {
    it(`${'payload' in body ? 'with' : 'without'} payload at ${version} has these keys in this order`, async () => {
      const path = await created(app(), { ...body, name: 'shape' });
      const one = await app().request('GET', path, at(version));
      expect(Object.keys(one.json ?? {})).to.deep.equal(keys);
      const list = await app().request('GET', '/v1/secrets?limit=1&sort=created:desc', at(version));
      expect((list.json?.['secrets'] as object[])[0]).to.deep.equal(one.json);
      expect(Object.keys((list.json?.['secrets'] as object[])[0] ?? {})).to.deep.equal(keys);
    });
  }

  it('shows what was said when it was created', async () => {
    const said = {
      name: 's',
      secret_type: 'symmetric',
      expiration: '2040-01-02T03:04:05',
      algorithm: 'AES',
      bit_length: 256,
      mode: 'CBC',
    };
    const path = await created(app(), { ...said, ...TEXT });
    const answer = await app().request('GET', path);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    const { created: first, updated, ...rest } = answer.json ?? {};
    expect(rest).to.deep.equal({
      status: 'ACTIVE',
      ...said,
      creator_id: 'u-owner',
      content_types: { default: 'text/plain' },
      secret_ref: app().url + path,
    });
    expect(first).to.match(TIME);
    expect(updated).to.match(TIME);
    expect(Math.abs(Date.now() - Date.parse(`${String(first)}Z`))).to.be.below(60_000);
  });

  it('times have no zone, and `updated` moves when the payload comes', async () => {
    const path = await created(app());
    const before = (await app().request('GET', path)).json;
    await app().request('PUT', path, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    const after = (await app().request('GET', path)).json;
    expect(after?.['created']).to.equal(before?.['created']);
    expect(String(after?.['updated']) > String(before?.['updated'])).to.equal(true);
    expect(after?.['updated']).to.match(TIME);
  });

  it('shows consumers from 1.1, with exactly three keys', async () => {
    const path = await created(app());
    await register(app(), path, 2);
    const item = (n: number): object => ({
      service: 'glance',
      resource_type: 'image',
      resource_id: `r-${n}`,
    });
    for (const version of ['1.1', '1.2']) {
      const { json } = await app().request('GET', path, at(version));
      expect(JSON.stringify(json?.['consumers'])).to.equal(JSON.stringify([item(0), item(1)]));
    }
    expect((await app().request('GET', path)).json).not.to.have.property('consumers');
  });

  it('is the same whatever the query says', async () => {
    const path = await created(app(), TEXT);
    const plain = await app().request('GET', path);
    for (const query of [
      'transport_key_needed=true',
      'target.secret.read_project_access=true',
      'read_project_access=True&target.secret.read=True&force=true',
    ]) {
      const asked = await app().request('GET', `${path}?${query}`);
      expect([asked.status, asked.text]).to.deep.equal([200, plain.text]);
      const refused = await app().request('GET', `${path}/payload?${query}`, { as: NOBODY });
      expect(refused.status).to.equal(403);
    }
  });
});

describeDatabases('DELETE /v1/secrets/{id}', (dialect) => {
  const app = broker(dialect);

  it('is empty, and once', async () => {
    const path = await created(app(), TEXT);
    expectNoContent(await app().request('DELETE', path));
    for (const [method, below] of [
      ['DELETE', ''],
      ['GET', ''],
      ['GET', '/payload'],
      ['GET', '/metadata'],
    ] as const) {
      expectError(await app().request(method, path + below), 404, 'Secret not found.');
    }
    const { json } = await app().request('GET', '/v1/secrets');
    expect(json).to.deep.equal({ secrets: [], total: 0 });
  });

  it('leaves nothing behind', async () => {
    const path = await created(app(), TEXT);
    await app().request('PUT', `${path}/metadata`, { body: { metadata: { k: 'v' } } });
    await register(app(), path, 12);
    expectNoContent(await app().request('DELETE', path));
    for (const table of ['sealed_payloads', 'secret_metadata', 'secret_consumers', 'secret_acls']) {
      const rows = await app()
        .broker.database.knex(table)
        .where({ secret_id: idOf(path) });
      expect(rows, table).to.deep.equal([]);
    }
  });

  const IN_USE = 'Secret deletion issue seen - Secret cannot be deleted as it has consumers..';
  const NO_WORD = 'URI provided invalid query string parameters.';

  /** Of a secret with consumers: the version, the query, and why it stays (if it does). */
  const GUARDED: readonly [version: string, query: string, refusal: string | undefined][] = [
    ['1.0', '', undefined],
    ['1.1', '', undefined],
    ['1.0', '?force=false', undefined],
    ['1.1', '?force=maybe', undefined],
    ['1.1', '?force=', undefined],
    ['1.2', '', IN_USE],
    ...['0', 'f', 'false', 'off', 'n', 'no', 'FALSE', 'No', '%20false%20'].map(
      (word): [string, string, string] => ['1.2', `?force=${word}`, IN_USE],
    ),
    ...['1', 't', 'true', 'on', 'y', 'yes', 'TRUE', 'Yes', 'oN', '%20true'].map(
      (word): [string, string, undefined] => ['1.2', `?force=${word}`, undefined],
    ),
    ...['', 'maybe', '2', 'truee', 'null'].map((word): [string, string, string] => [
      '1.2',
      `?force=${word}`,
      NO_WORD,
    ]),
    ['1.2', '?force=true&force=false', IN_USE],
    ['1.2', '?force=false&force=true', undefined],
    ['1.2', '?Force=true', IN_USE],
  ];
  for (const [version, query, refusal] of GUARDED) {
    it(`with consumers at ${version} ${query}: ${refusal ?? 'gone'}`, async () => {
      const path = await created(app());
      await register(app(), path, 1);
      const answer = await app().request('DELETE', path + query, at(version));
      if (refusal === undefined) expectNoContent(answer);
      else expectError(answer, 400, refusal);
      const status = (await app().request('GET', path)).status;
      expect(status).to.equal(refusal === undefined ? 404 : 200);
    });
  }

  it('without consumers needs no force at 1.2, but not an odd one', async () => {
    const remove = async (query: string): Promise<Answer> =>
      app().request('DELETE', (await created(app())) + query, at('1.2'));
    expectNoContent(await remove(''));
    expectNoContent(await remove('?force=false'));
    expectError(await remove('?force=perhaps'), 400, NO_WORD);
  });
});

const idOf = (path: string): string => path.split('/').at(-1) ?? '';

async function register(app: TestApp, path: string, count: number): Promise<void> {
  const { secretConsumers } = app.broker.services;
  for (let n = 0; n < count; n += 1) {
    const consumer = { service: 'glance', resourceType: 'image', resourceId: `r-${n}` };
    await secretConsumers.register(secretId(idOf(path)), projectId('p-1'), consumer, now());
  }
}
