import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { broker, created, exchange, expectError, handmade, JSON_TYPE, mismatch, sqlite } from './wire.ts';

const UNEXPECTED = "Unexpected content type. Expected content types are: ['application/json']";
const TOO_LARGE = 'Provided information too large to process';

/** Content types as clients send them, and whether their body is read as JSON. */
const TYPES: readonly [type: string, json: boolean][] = [
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['application/json;charset=latin-1', true],
  ['application/json ; a=b; c', true],
  ['application/JSON', false],
  ['APPLICATION/JSON', false],
  ['application/json-patch+json', false],
  ['text/json', false],
  ['text/plain', false],
  ['application/octet-stream', false],
  ['application/x-www-form-urlencoded', false],
  ['multipart/form-data; boundary=x', false],
  ['crypto/boom', false],
  ['application/', false],
  ['', false],
];

/** Not ASCII, and still only a type that is not ours: the parser in front must let them through. */
const BEYOND_ASCII = ['Ä', '؏', 'Ж', '\ufffd'];

const MALFORMED: readonly [name: string, body: string | Buffer, description: string][] = [
  ['nothing', '', 'Malformed JSON'],
  ['blanks', '  \n', 'Malformed JSON'],
  ['a word', 'secret', 'Malformed JSON'],
  ['half an object', '{"name": "n"', 'Malformed JSON'],
  ['two objects', '{} {}', 'Malformed JSON'],
  ['single quotes', "{'name': 'n'}", 'Malformed JSON'],
  ['a form', 'name=n', 'Malformed JSON'],
  ['XML', '<name/>', 'Malformed JSON'],
  ['half a surrogate pair', '{"name": "\\ud800"}', 'Malformed JSON'],
  ['a line break in a text', '{"name": "a\nb"}', 'Malformed JSON'],
  ['nesting without end', `{"name": ${'['.repeat(12_000)}`, 'Malformed JSON'],
  ['nesting deeper than anybody needs', `{"x": ${'['.repeat(500)}${']'.repeat(500)}}`, 'Malformed JSON'],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), ''],
  ['UTF-16', Buffer.from('\ufeff{"name": "n"}', 'utf16le'), ''],
  ['a list', '[]', mismatch("[] is not of type 'object'", 'None')],
  ['a list of objects', '[{}]', mismatch("[payload] is not of type 'object'", 'None')],
  ['a text', '" x "', mismatch("[payload] is not of type 'object'", 'None')],
  ['a number', '5', mismatch("[payload] is not of type 'object'", 'None')],
  ['null', 'null', mismatch("None is not of type 'object'", 'None')],
  ['true', 'true', mismatch("True is not of type 'object'", 'None')],
];

/** Documents that are read in a way of their own. */
const READ: readonly [name: string, body: string, property: string, value: unknown][] = [
  ['of a key given twice the last counts', '{"name": "a", "name": "b"}', 'name', 'b'],
  ['white space around the document', '\r\n\t {"name": "a"} \n', 'name', 'a'],
  ['escapes', '{"name": "\\u00e9\\ud83d\\udd11\\/"}', 'name', 'é🔑/'],
  ['trimmed after unescaping', '{"name": "\\n a \\u00a0\\u2028"}', 'name', 'a'],
  ['the byte order mark is no white space inside', '{"name": "\\ufeffa"}', 'name', '\ufeffa'],
  ['keys are not trimmed', '{" name": "a"}', 'name', null],
];

describe('JSON bodies', () => {
  const app = broker();
  const post = (body: string | Buffer, headers: Record<string, string>): Promise<Answer> =>
    app().request('POST', '/v1/secrets', { body, headers });
  const json = (body: string | Buffer): Promise<Answer> => post(body, { 'Content-Type': JSON_TYPE });

  describe('Content-Type', () => {
    for (const [type, accepted] of TYPES) {
      it(`"${type}" is ${accepted ? 'JSON' : '415'}`, async () => {
        const answer = await post('{}', { 'Content-Type': type });
        if (accepted) expect(answer.status).to.equal(201);
        else expectError(answer, 415, UNEXPECTED);
      });
    }

    it('missing is 415, with a body and without', async () => {
      expectError(await post('{}', {}), 415, UNEXPECTED);
      expectError(await app().request('POST', '/v1/secrets'), 415, UNEXPECTED);
    });

    for (const type of BEYOND_ASCII) {
      it(`bytes of "${type}" are 415`, async () => {
        const request = handmade('POST /v1/secrets', [`Content-Type: ${type}`, 'Content-Length: 2'], '{}');
        const answer = await exchange(app().url, request);
        expect(answer.status).to.equal(415);
        expect(JSON.parse(answer.body)).to.deep.equal({
          code: 415,
          title: 'Unsupported Media Type',
          description: UNEXPECTED,
        });
      });
    }

    it('is asked for by every endpoint that takes JSON', async () => {
      const path = await created(app());
      await app().request('POST', `${path}/metadata`, { body: { key: 'k', value: 'v' } });
      for (const [method, target] of [
        ['PUT', `${path}/metadata`],
        ['POST', `${path}/metadata`],
        ['PUT', `${path}/metadata/k`],
      ] as const) {
        const headers = { 'Content-Type': 'text/plain' };
        expectError(await app().request(method, target, { body: '{}', headers }), 415, UNEXPECTED);
      }
    });
  });

  describe('that cannot be read', () => {
    for (const [name, body, description] of MALFORMED) {
      it(name, async () => expectError(await json(body), 400, description));
    }

    it('do not come back in the refusal', async () => {
      const answer = await json('{"payload": "canary" oops');
      expect(answer.text).not.to.contain('canary');
      expect(app().logged()).not.to.contain('canary');
    });

    for (const literal of ['NaN', 'Infinity', '-Infinity', '1e999']) {
      it(`the number ${literal}`, async () => {
        expect((await json(`{"bit_length": ${literal}}`)).status).to.equal(400);
      });
    }
  });

  describe('that are read', () => {
    for (const [name, body, property, value] of READ) {
      it(name, async () => {
        const answer = await json(body);
        expect(answer.status, answer.text).to.equal(201);
        const secret = await app().request('GET', new URL(String(answer.headers.location)).pathname);
        expect(secret.json?.[property]).to.equal(value);
      });
    }
  });

  describe('size', () => {
    const document = (length: number): string => `{"x": "${'x'.repeat(length - 9)}"}`;

    it('25000 bytes are read', async () => {
      expect(document(25_000).length).to.equal(25_000);
      expect((await json(document(25_000))).status).to.equal(201);
    });

    it('25001 bytes are too many', async () => {
      expectError(await json(document(25_001)), 413, TOO_LARGE);
    });

    it('a megabyte is too much, and the connection stays usable for the answer', async () => {
      expectError(await json(document(1_000_000)), 413, TOO_LARGE);
    });

    it('10001 characters in 60006 bytes of escapes are too many', async () => {
      const payload = '\\u00e9'.repeat(10_001);
      const body = `{"payload": "${payload}", "payload_content_type": "text/plain"}`;
      expectError(await json(body), 413, TOO_LARGE);
    });

    it('the type is looked at before the size', async () => {
      expectError(await post(document(25_001), { 'Content-Type': 'text/plain' }), 415, UNEXPECTED);
    });
  });

  describe('in chunks', () => {
    const chunked = (...chunks: readonly string[]): string =>
      [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
    const headers = [`Content-Type: ${JSON_TYPE}`, 'Transfer-Encoding: chunked'];

    it('are read', async () => {
      const request = handmade('POST /v1/secrets', headers, chunked('{"na', 'me": "chunks"}'));
      const answer = await exchange(app().url, request);
      expect(answer.status).to.equal(201);
      const { json: list } = await app().request('GET', '/v1/secrets?name=chunks');
      expect(list?.['total']).to.equal(1);
    });

    it('have the same limit', async () => {
      const request = handmade('POST /v1/secrets', headers, chunked('{"x": "', 'x'.repeat(25_000), '"}'));
      expect((await exchange(app().url, request)).status).to.equal(413);
    });
  });

  it('are ignored where nothing is read', async () => {
    const path = await created(app());
    const body = 'whatever';
    expect((await app().request('GET', path, { body })).status).to.equal(200);
    expect((await app().request('DELETE', path, { body })).status).to.equal(204);
  });

  it('of no length are no bodies', async () => {
    const path = await created(app());
    const headers = { 'Content-Length': '0' };
    expect((await app().request('DELETE', path, { headers })).status).to.equal(204);
  });
});

describe('query parameters', () => {
  const app = broker(sqlite());
  it('of one given twice the last counts', async () => {
    await created(app(), { name: 'a' });
    await created(app(), { name: 'b' });
    const { json } = await app().request('GET', '/v1/secrets?name=a&limit=x&name=b&limit=1');
    const secrets = json?.['secrets'] as { name: string }[];
    expect(secrets.map(({ name }) => name)).to.deep.equal(['b']);
  });

  it('external_project_id is nothing', async () => {
    const { status, json } = await app().request('GET', '/v1/secrets?external_project_id=p-2');
    expect([status, json?.['total']]).to.deep.equal([200, 2]);
    const path = await created(app());
    expect((await app().request('GET', `${path}?external_project_id=p-2`)).status).to.equal(200);
    expect((await app().request('DELETE', `${path}?external_project_id=p-2`)).status).to.equal(204);
  });
});
