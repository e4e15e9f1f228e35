import { expect } from 'chai';
import type { Answer, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { SERVICE_ADMIN } from './quotas.ts';
import {
  broker,
  denied,
  expectError,
  expectNoContent,
  JSON_TYPE,
  mismatch,
  NOBODY,
  NOWHERE,
  READER,
  UUID4,
} from './wire.ts';

const COLLECTION = '/v1/transport_keys';
const MISSING = 'Not Found. Transport Key not found.';
const INVALID = 'Not Found. Provided transport key id is invalid.';
const WRONG_TYPE = "Unexpected content type. Expected content types are: ['application/json']";
const KEY = {
  plugin_name: 'kra',
  transport_key: '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----',
};

const wrong = (reason: string, property: string): string => mismatch(reason, property, 'Transport Key');

const REFUSED: readonly [name: string, body: unknown, description: string][] = [
  ['nothing', {}, wrong('plugin_name must be provided', 'plugin_name')],
  ['no name', { transport_key: 'k' }, wrong('plugin_name must be provided', 'plugin_name')],
  ['no key', { plugin_name: 'p' }, wrong('transport_key must be provided', 'transport_key')],
  [
    'a blank name',
    { plugin_name: ' \n', transport_key: 'k' },
    wrong('plugin_name must be provided', 'plugin_name'),
  ],
  [
    'a blank key',
    { plugin_name: 'p', transport_key: ' ' },
    wrong('transport_key must be provided', 'transport_key'),
  ],
  ['a number for a name', { ...KEY, plugin_name: 5 }, wrong("5 is not of type 'string'", 'plugin_name')],
  ['null for a key', { ...KEY, transport_key: null }, wrong("None is not of type 'string'", 'transport_key')],
  [
    'a long name',
    { ...KEY, plugin_name: 'p'.repeat(256) },
    wrong(`'${'p'.repeat(256)}' is too long`, 'plugin_name'),
  ],
  ['a list', [], wrong("[] is not of type 'object'", 'None')],
  ['no JSON', '{', 'Malformed JSON'],
  ['an empty body', '', 'Malformed JSON'],
];

const ACCEPTED: readonly [name: string, body: object, shown: object][] = [
  ['a key', KEY, KEY],
  [
    'space around',
    { plugin_name: ' kra ', transport_key: '\nk ' },
    { plugin_name: 'kra', transport_key: 'k' },
  ],
  ['a name of 255 characters', { ...KEY, plugin_name: 'p'.repeat(255) }, { plugin_name: 'p'.repeat(255) }],
  ['any script', { plugin_name: 'ключ', transport_key: '🔑' }, { plugin_name: 'ключ', transport_key: '🔑' }],
  ['properties of nobody', { ...KEY, status: 'ERROR', id: 'i', foo: {} }, { ...KEY, status: 'ACTIVE' }],
];

describeDatabases('transport keys', (dialect) => {
  const app = broker(dialect);
  const admin = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
    app().request(method, path, { as: SERVICE_ADMIN, ...options });
  const get = (path: string, headers = {}): Promise<Answer> =>
    app().request('GET', path, { as: READER, headers });
  const fresh = async (body: object = KEY): Promise<string> => {
    const answer = await admin('POST', COLLECTION, { body });
    expect(answer.status, answer.text).to.equal(201);
    return new URL(String(answer.json?.['transport_key_ref'])).pathname;
  };

  describe('POST', () => {
    for (const [name, body, shown] of ACCEPTED) {
      it(`makes ${name}`, async () => {
        const answer = await admin('POST', `${COLLECTION}/`, { body });
        expect(answer.status, answer.text).to.equal(201);
        const ref = String(answer.json?.['transport_key_ref']);
        expect(ref).to.match(new RegExp(`^${app().url}${COLLECTION}/${UUID4}$`));
        expect(answer.text).to.equal(JSON.stringify({ transport_key_ref: ref }));
        expect(answer.headers.location).to.equal(ref);
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expect((await get(new URL(ref).pathname)).json).to.include(shown);
      });
    }

    for (const [name, body, description] of REFUSED) {
      it(`refuses ${name}`, async () => {
        const headers = { 'Content-Type': JSON_TYPE };
        expectError(await admin('POST', COLLECTION, { body, headers }), 400, description);
      });
    }

    it('refuses a text no database can hold', async () => {
      const answer = await admin('POST', COLLECTION, { body: { ...KEY, plugin_name: 'a\0b' } });
      expect([answer.status, answer.json?.['description']]).to.deep.equal([
        400,
        wrong("'a\0b' contains a character that cannot be stored", 'plugin_name'),
      ]);
    });

    it('refuses what is not JSON', async () => {
      const options = { body: JSON.stringify(KEY), headers: { 'Content-Type': 'text/plain' } };
      expectError(await admin('POST', COLLECTION, options), 415, WRONG_TYPE);
      expectError(await admin('POST', COLLECTION), 415, WRONG_TYPE);
    });
  });

  describe('GET of one', () => {
    for (const accept of [undefined, '*/*', JSON_TYPE, 'text/html']) {
      it(`is JSON for Accept ${accept ?? 'absent'}`, async () => {
        const path = await fresh();
        const answer = await get(path, accept === undefined ? {} : { Accept: accept });
        expect(answer.status).to.equal(200);
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        const time = String(answer.json?.['created_at']);
        expect(time).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?$/);
        expect(answer.text).to.equal(
          JSON.stringify({
            created_at: time,
            deleted_at: null,
            status: 'ACTIVE',
            transport_key: KEY.transport_key,
            deleted: false,
            id: path.split('/').at(-1),
            updated_at: time,
            plugin_name: 'kra',
          }),
        );
      });
    }
  });

  it('DELETE removes one, once, whatever is accepted', async () => {
    for (const headers of [{}, { Accept: JSON_TYPE }, { Accept: 'text/plain' }]) {
      const path = await fresh();
      expectNoContent(await admin('DELETE', path, { headers }));
      expectError(await get(path), 404, MISSING);
      expectError(await admin('DELETE', path), 404, MISSING);
    }
  });

  it('are not found under ids that are none', async () => {
    expectError(await get(`${COLLECTION}/${NOWHERE}`), 404, MISSING);
    for (const id of ['x', NOWHERE.toUpperCase(), NOWHERE.replaceAll('-', ''), '%00']) {
      for (const method of ['GET', 'DELETE', 'PUT']) {
        expectError(await admin(method, `${COLLECTION}/${id}`), 404, INVALID);
      }
    }
  });
});

describeDatabases('the list of transport keys', (dialect) => {
  const app = broker(dialect);
  const refs: string[] = [];
  const list = async (query = ''): Promise<Answer['json']> =>
    (await app().request('GET', `${COLLECTION}${query}`, { as: READER })).json;
  const url = (query: string): string => `${app().url}${COLLECTION}?${query}`;

  it('is empty in the beginning', async () => {
    const answer = await app().request('GET', COLLECTION, { as: READER });
    expect([answer.status, answer.text]).to.deep.equal([200, '{"transport_keys":[],"total":0}']);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
  });

  describe('with three', () => {
    before(async () => {
      for (const name of ['b', 'a b', 'b']) {
        const body = { ...KEY, plugin_name: name };
        const answer = await app().request('POST', COLLECTION, { as: SERVICE_ADMIN, body });
        refs.push(String(answer.headers.location));
      }
    });

    it('is one of texts, in the order of creation', async () => {
      expect(await list()).to.deep.equal({ transport_keys: refs, total: 3 });
    });

    it('is filtered by the name', async () => {
      const [first, second, third] = refs;
      for (const [query, expected] of [
        ['b', [first, third]],
        ['a%20b', [second]],
        ['a+b', [second]],
        ['B', []],
        ['%25', []],
        ['%00', []],
        ['', refs],
      ] as const) {
        expect((await list(`?plugin_name=${query}`))?.['transport_keys'], query).to.deep.equal(expected);
      }
    });

    it('has pages whose links keep the filter', async () => {
      expect(await list('?plugin_name=b&limit=1')).to.deep.equal({
        transport_keys: [refs[0]],
        next: url('limit=1&offset=1&plugin_name=b'),
        total: 2,
      });
      expect(await list('?plugin_name=b&limit=1&offset=1')).to.deep.equal({
        transport_keys: [refs[2]],
        previous: url('limit=1&offset=0&plugin_name=b'),
        total: 2,
      });
      expect(await list('?limit=1&offset=9')).to.deep.equal({ transport_keys: [], total: 3 });
    });
  });
});

describe('who may do what with transport keys, and how', () => {
  const app = broker();
  let path = '';
  before(async () => {
    const answer = await app().request('POST', COLLECTION, { as: SERVICE_ADMIN, body: KEY });
    path = new URL(String(answer.headers.location)).pathname;
  });
  const ask = (method: string, at: string, options: RequestOptions): Promise<Answer> =>
    app().request(method, at === COLLECTION ? at : path, options);

  for (const [method, at, operation, as] of [
    ['GET', COLLECTION, 'Transport Key(s) retrieval', NOBODY],
    ['POST', COLLECTION, 'Transport Key Creation', READER],
    ['GET', ':id', 'Transport Key retrieval', NOBODY],
    ['DELETE', ':id', 'Transport Key deletion', READER],
  ] as const) {
    it(`${method} ${at} is refused to whoever has not the role, whatever is sent`, async () => {
      expectError(await ask(method, at, { as, body: 'garbage' }), 403, denied(operation));
    });
  }

  for (const method of ['GET', 'POST']) {
    it(`${method} of the collection is 406 to whoever takes no JSON`, async () => {
      const answer = await ask(method, COLLECTION, { as: NOBODY, headers: { Accept: 'text/plain' } });
      expectError(answer, 406, null);
    });
  }

  for (const [at, allow] of [
    [COLLECTION, 'GET, POST'],
    [':id', 'DELETE, GET'],
  ] as const) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      if (allow.split(', ').includes(method)) continue;
      it(`${method} ${at} is 405`, async () => {
        const answer = await ask(method, at, { as: SERVICE_ADMIN });
        expect(answer.headers.allow).to.equal(allow);
        if (method === 'HEAD') expect(answer.status).to.equal(405);
        else expectError(answer, 405, '');
      });
    }
  }
});
