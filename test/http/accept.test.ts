import { expect } from 'chai';
import {
  broker,
  created,
  exchange,
  expectError,
  handmade,
  expectNoContent,
  JSON_TYPE,
  TEXT,
} from './wire.ts';

/** Whether a header admits JSON: quality counts for nothing, not even zero. */
const ADMITS: readonly [accept: string | undefined, json: boolean][] = [
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['application/*', true],
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['application/json;q=0', true],
  ['application/JSON', true],
  ['text/plain, application/json', true],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', true],
  ['text/html,application/json;q=0.1', true],
  ['text/plain', false],
  ['text/html', false],
  ['text/*', false],
  ['application/xml', false],
  ['application/octet-stream', false],
  ['text/html, application/xml', false],
  ['application/json-home', false],
  ['foo/bar', false],
];

describe('Accept on JSON endpoints', () => {
  const app = broker();
  let path = '';
  before(async () => {
    path = await created(app(), TEXT);
    await app().request('POST', `${path}/metadata`, { body: { key: 'k', value: 'v' } });
  });

  for (const [accept, json] of ADMITS) {
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };

    it(`${accept === undefined ? 'absent' : `"${accept}"`} ${json ? 'passes' : 'is 406'}`, async () => {
      for (const target of ['/v1/secrets', `${path}/metadata`, `${path}/metadata/k`]) {
        const answer = await app().request('GET', target, { headers });
        if (!json) expectError(answer, 406, null);
        else expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, JSON_TYPE]);
      }
    });

    it(`${accept === undefined ? 'absent' : `"${accept}"`} ${json ? 'creates' : 'creates nothing'}`, async () => {
      const posted = await app().request('POST', '/v1/secrets', { headers, body: { name: `<${accept}>` } });
      const put = await app().request('PUT', `${path}/metadata`, { headers, body: { metadata: { k: 'v' } } });
      expect([posted.status, put.status]).to.deep.equal(json ? [201, 201] : [406, 406]);
      const query = new URLSearchParams({ name: `<${accept}>` });
      const list = await app().request('GET', `/v1/secrets?${query.toString()}`);
      expect(list.json?.['total']).to.equal(json ? 1 : 0);
    });

    it(`${accept === undefined ? 'absent' : `"${accept}"`} passes on PUT and DELETE of a secret`, async () => {
      const own = await created(app());
      const type = { 'Content-Type': 'text/plain', ...headers };
      expectNoContent(await app().request('PUT', own, { headers: type, body: 'x' }));
      expectNoContent(await app().request('DELETE', own, { headers }));
    });
  }

  it('in two headers is one list', async () => {
    const lines = ['Accept: text/html', 'Accept: application/json'];
    expect((await exchange(app().url, handmade('GET /v1/secrets', lines))).status).to.equal(200);
    // And so it is no longer exactly `application/json`.
    const twice = ['Accept: application/json', 'Accept: application/json'];
    expect((await exchange(app().url, handmade(`GET ${path}`, twice))).status).to.equal(406);
  });

  it('a refusal is JSON whatever is accepted', async () => {
    for (const Accept of ['text/plain', 'text/html', 'application/octet-stream']) {
      expectError(
        await app().request('GET', '/v1/secrets/x', { headers: { Accept } }),
        404,
        'Not Found. Provided secret id is invalid.',
      );
    }
  });
});
