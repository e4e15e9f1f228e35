import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, expectError, expectNoContent, JSON_TYPE, mismatch, sqlite } from './wire.ts';

const BAD_KEY = 'Invalid Key. Key must be URL safe.';
const NO_TEXTS = 'Invalid Metadata. Keys and Values must be Strings.';
const MISSING = 'Secret metadata not found.';
const DUPLICATE = 'Conflict. Key in request is already in the secret metadata';
const OTHER_KEY = 'Key in request data does not match key in the request url.';
const long = 'v'.repeat(255);

/** Bodies of PUT of the collection, and what is stored. */
const REPLACED: readonly [name: string, body: object, stored: Record<string, string>][] = [
  ['one item', { metadata: { a: '1' } }, { a: '1' }],
  ['two items', { metadata: { b: '2', a: '1' } }, { a: '1', b: '2' }],
  ['none', { metadata: {} }, {}],
  [
    'keys in capitals',
    { metadata: { Access_Limit: '1', 'DESC-ription': '2' } },
    { access_limit: '1', 'desc-ription': '2' },
  ],
  ['keys of digits and dashes', { metadata: { 1: 'x', '-': 'y', _: 'z' } }, { 1: 'x', '-': 'y', _: 'z' }],
  [
    'keys that mean something to JavaScript',
    { metadata: { constructor: 'a', tostring: 'b' } },
    { constructor: 'a', tostring: 'b' },
  ],
  ['values are trimmed', { metadata: { a: ' x y \n' } }, { a: 'x y' }],
  ['empty values', { metadata: { a: '', b: '  ' } }, { a: '', b: '' }],
  ['values of any script', { metadata: { a: 'ключ 鍵 🔑 "\\' } }, { a: 'ключ 鍵 🔑 "\\' }],
  ['255 characters', { metadata: { ['k'.repeat(255)]: long } }, { ['k'.repeat(255)]: long }],
  ['255 characters of four bytes', { metadata: { a: '🔑'.repeat(255) } }, { a: '🔑'.repeat(255) }],
  ['other properties beside it', { metadata: { a: '1' }, foo: 1, external_project_id: 'x' }, { a: '1' }],
];

const NOT_REPLACED: readonly [name: string, body: unknown, description: string][] = [
  ['nothing', {}, mismatch("'metadata' is a required property", 'metadata', 'SecretMetadata')],
  ['a list', { metadata: [] }, mismatch("[] is not of type 'object'", 'metadata', 'SecretMetadata')],
  ['a text', { metadata: 'a' }, mismatch("'a' is not of type 'object'", 'metadata', 'SecretMetadata')],
  ['null', { metadata: null }, mismatch("None is not of type 'object'", 'metadata', 'SecretMetadata')],
  ['no object', [], mismatch("[] is not of type 'object'", 'None', 'SecretMetadata')],
  ['a number for a value', { metadata: { a: 1 } }, NO_TEXTS],
  ['null for a value', { metadata: { a: null } }, NO_TEXTS],
  ['an object for a value', { metadata: { a: {} } }, NO_TEXTS],
  ['one bad value of two', { metadata: { a: '1', b: true } }, NO_TEXTS],
  ['256 characters', { metadata: { a: `${long}v` } }, NO_TEXTS],
  ['a value no database can hold', { metadata: { a: 'a\0b' } }, NO_TEXTS],
  ...['', ' ', ' a', 'a ', 'a\n', 'a b', 'a.b', 'a/b', 'a%20b', 'ключ', 'a:b', 'k'.repeat(256)].map(
    (key): [string, object, string] => [
      `the key ${JSON.stringify(key)}`,
      { metadata: { [key]: 'v' } },
      BAD_KEY,
    ],
  ),
];

/** Bodies of POST and of PUT of one item that are refused alike. */
const NO_ITEMS: readonly [name: string, body: unknown, description: string][] = [
  ['nothing', {}, mismatch("'key' is a required property", 'key', 'SecretMetadatum')],
  ['no value', { key: 'k' }, mismatch("'value' is a required property", 'value', 'SecretMetadatum')],
  ['no key', { value: 'v' }, mismatch("'key' is a required property", 'key', 'SecretMetadatum')],
  ['a list', [], mismatch("[] is not of type 'object'", 'None', 'SecretMetadatum')],
  [
    'a number for a key',
    { key: 1, value: 'v' },
    mismatch("1 is not of type 'string'", 'key', 'SecretMetadatum'),
  ],
  [
    'null for a value',
    { key: 'k', value: null },
    mismatch("None is not of type 'string'", 'value', 'SecretMetadatum'),
  ],
  [
    'a long key',
    { key: `${long}v`, value: 'v' },
    mismatch(`'${long}v' is too long`, 'key', 'SecretMetadatum'),
  ],
  [
    'a long value',
    { key: 'k', value: `${long}v` },
    mismatch(`'${long}v' is too long`, 'value', 'SecretMetadatum'),
  ],
  [
    'another property',
    { key: 'k', value: 'v', foo: 1 },
    mismatch("Additional properties are not allowed ('foo' was unexpected)", 'None', 'SecretMetadatum'),
  ],
  [
    'two other properties',
    { a: 1, key: 'k', b: 2, value: 'v' },
    mismatch("Additional properties are not allowed ('a', 'b' were unexpected)", 'None', 'SecretMetadatum'),
  ],
  [
    'the body of the collection',
    { metadata: { k: 'v' } },
    mismatch("'key' is a required property", 'key', 'SecretMetadatum'),
  ],
  ['an empty key', { key: '', value: 'v' }, BAD_KEY],
  ['a blank key', { key: ' \n', value: 'v' }, BAD_KEY],
  ['a key with space', { key: 'a b', value: 'v' }, BAD_KEY],
  ['a key with a dot', { key: 'a.b', value: 'v' }, BAD_KEY],
  ['a key of another script', { key: 'ключ', value: 'v' }, BAD_KEY],
  ['a value no database can hold', { key: 'k', value: 'a\0b' }, NO_TEXTS],
];

describeDatabases('user metadata of secrets', (dialect) => {
  const app = broker(dialect);
  const fresh = async (metadata: object = { k: 'v' }): Promise<string> => {
    const path = await created(app());
    await app().request('PUT', `${path}/metadata`, { body: { metadata } });
    return `${path}/metadata`;
  };
  const stored = async (path: string): Promise<unknown> =>
    (await app().request('GET', path)).json?.['metadata'];
  const send = (method: string, path: string, body: unknown): Promise<Answer> =>
    app().request(method, path, { body });

  describe('PUT of the collection', () => {
    for (const [name, body, after] of REPLACED) {
      it(`replaces: ${name}`, async () => {
        const path = await fresh({ before: 'gone' });
        const answer = await send('PUT', path, body);
        expect(answer.status).to.equal(201);
        expect(answer.text).to.equal(JSON.stringify({ metadata_ref: app().url + path }));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expect(answer.headers).not.to.have.property('location');
        expect(await stored(path)).to.deep.equal(after);
      });
    }

    it('keeps a key called __proto__', async () => {
      const path = await fresh();
      await send('PUT', path, JSON.parse('{"metadata": {"__proto__": "x"}}'));
      expect((await app().request('GET', path)).text).to.equal('{"metadata":{"__proto__":"x"}}');
      expect((await app().request('GET', `${path}/__proto__`)).json).to.deep.equal({
        key: '__proto__',
        value: 'x',
      });
    });

    it('keeps one of two keys that differ in case', async () => {
      const path = await fresh();
      expect((await send('PUT', path, { metadata: { A: '1', a: '2' } })).status).to.equal(201);
      expect(await stored(path)).to.have.all.keys('a');
    });

    it('takes as many as fit into a request', async () => {
      const path = await fresh();
      const many = Object.fromEntries(Array.from({ length: 1200 }, (_, n) => [`k${n}`, `${n}`]));
      expect((await send('PUT', path, { metadata: many })).status).to.equal(201);
      expect(await stored(path)).to.deep.equal(many);
    });

    for (const [name, body, description] of NOT_REPLACED) {
      it(`refuses ${name}`, async () => {
        const path = await fresh({ before: 'kept' });
        expectError(await send('PUT', path, body), 400, description);
        expect(await stored(path)).to.deep.equal({ before: 'kept' });
      });
    }
  });

  describe('GET of the collection', () => {
    it('is empty in the beginning', async () => {
      const answer = await app().request('GET', `${await created(app())}/metadata`);
      expect([answer.status, answer.text]).to.deep.equal([200, '{"metadata":{}}']);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    });

    it('is no part of the secret', async () => {
      const path = await fresh();
      const secret = await app().request('GET', path.replace('/metadata', ''));
      expect(secret.json).not.to.have.property('metadata');
    });
  });

  describe('POST', () => {
    for (const [name, body, key, value] of [
      ['an item', { key: 'a', value: '1' }, 'a', '1'],
      ['a key in capitals', { key: 'Foo_BAR-1', value: 'Foo' }, 'foo_bar-1', 'Foo'],
      ['space around', { key: ' a ', value: '\t1\n' }, 'a', '1'],
      ['an empty value', { key: 'a', value: '' }, 'a', ''],
      ['255 characters', { key: 'k'.repeat(255), value: long }, 'k'.repeat(255), long],
    ] as const) {
      it(`adds ${name}`, async () => {
        const path = await fresh();
        const answer = await send('POST', path, body);
        expect(answer.status, answer.text).to.equal(201);
        expect(answer.text).to.equal(JSON.stringify({ key, value }));
        expect(answer.headers.location).to.equal(`${app().url}${path}/${key}`);
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expect(await stored(path)).to.deep.equal({ k: 'v', [key]: value });
        expect((await app().request('GET', `${path}/${key}`)).text).to.equal(JSON.stringify({ key, value }));
      });
    }

    it('refuses a key that is there, in whatever case', async () => {
      const path = await fresh();
      expectError(await send('POST', path, { key: 'k', value: 'new' }), 409, DUPLICATE);
      expectError(await send('POST', path, { key: 'K', value: 'new' }), 409, DUPLICATE);
      expect(await stored(path)).to.deep.equal({ k: 'v' });
    });

    it('adds a key of many at once only once', async () => {
      const path = await fresh({});
      const answers = await Promise.all(
        [1, 2, 3].map((n) => send('POST', path, { key: 'k', value: `${n}` })),
      );
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409]);
    });
  });

  describe('one item', () => {
    it('is read by its key, in whatever case', async () => {
      const path = await fresh({ Foo: 'bar' });
      for (const key of ['foo', 'Foo', 'FOO', '%66oo', 'foo/']) {
        const answer = await app().request('GET', `${path}/${key}`);
        expect([answer.status, answer.text]).to.deep.equal([200, '{"key":"foo","value":"bar"}']);
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      }
    });

    it('is 404 when it is not there', async () => {
      const path = await fresh();
      for (const key of ['other', 'k.json', 'a%20b', '%00', '%F0%9F%94%91', 'a%2Fb', 'k'.repeat(300)]) {
        expectError(await app().request('GET', `${path}/${key}`), 404, MISSING);
      }
    });

    it('is changed', async () => {
      const path = await fresh({ foo: 'old', k: 'v' });
      for (const [key, sent] of [
        ['foo', 'foo'],
        ['Foo', 'FOO'],
        ['foo', ' foo '],
      ] as const) {
        const answer = await send('PUT', `${path}/${key}`, { key: sent, value: ` new ${key}\n` });
        expect(answer.status).to.equal(200);
        expect(answer.text).to.equal(JSON.stringify({ key: 'foo', value: `new ${key}` }));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expect(answer.headers).not.to.have.property('location');
      }
      expect(await stored(path)).to.deep.equal({ foo: 'new foo', k: 'v' });
    });

    it('is not changed under another key', async () => {
      const path = await fresh();
      expectError(await send('PUT', `${path}/k`, { key: 'l', value: 'new' }), 409, OTHER_KEY);
      expect(await stored(path)).to.deep.equal({ k: 'v' });
    });

    it('is not made by changing it', async () => {
      const path = await fresh();
      expectError(await send('PUT', `${path}/l`, { key: 'l', value: 'new' }), 404, MISSING);
      expect(await stored(path)).to.deep.equal({ k: 'v' });
    });

    it('is removed, there or not', async () => {
      const path = await fresh({ k: 'v', Foo: 'bar' });
      for (const key of ['k', 'k', 'never', 'FOO', 'a%20b', '%00', 'k.json']) {
        expectNoContent(await app().request('DELETE', `${path}/${key}`));
      }
      expect(await stored(path)).to.deep.equal({});
    });
  });

  it('belongs to one secret', async () => {
    const [one, two] = [await fresh({ k: 'one' }), await fresh({ k: 'two' })];
    await app().request('DELETE', `${one}/k`);
    expect(await stored(two)).to.deep.equal({ k: 'two' });
  });
});

describe('items of user metadata that are refused', () => {
  const app = broker(sqlite());
  for (const [name, body, description] of NO_ITEMS) {
    it(name, async () => {
      const path = `${await created(app())}/metadata`;
      await app().request('POST', path, { body: { key: 'old', value: 'v' } });
      expectError(await app().request('POST', path, { body }), 400, description);
      expectError(await app().request('PUT', `${path}/absent`, { body }), 400, description);
      expect((await app().request('GET', path)).json).to.deep.equal({ metadata: { old: 'v' } });
    });
  }
});
