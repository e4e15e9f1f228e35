import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  broker,
  BYTES,
  created,
  exchange,
  expectError,
  expectNoContent,
  handmade,
  NOWHERE,
  TEXT,
} from './wire.ts';

const OCTETS = 'application/octet-stream';
const UNEXPECTED =
  "Unexpected content type. Expected content types are: ['application/octet-stream', 'text/plain']";
const issue = (reason: string): string => `Secret update issue seen - ${reason}.`;
const NO_DATA = issue('No data supplied to process.');
const TOO_LARGE = issue('Provided information too large to process');
const ENCODING = issue("Text-based binary secret payloads must specify a content-encoding of 'base64'");
const UNDECODABLE = issue('Invalid payload for payload_content_encoding');

type Headers = Readonly<Record<string, string>>;
const type = (name: string): Headers => ({ 'Content-Type': name });
const encoded = (encoding: string, name = OCTETS): Headers => ({
  ...type(name),
  'Content-Encoding': encoding,
});

/** What is sent, the type that is shown, and the bytes that come back. */
const STORED: readonly [
  name: string,
  body: string | Buffer,
  headers: Headers,
  shown: string,
  bytes: string | Buffer,
][] = [
  ['text', 'again', type('text/plain'), 'text/plain', 'again'],
  ['text is not trimmed', ' \n x \t\n', type('text/plain'), 'text/plain', ' \n x \t\n'],
  ['blank text', '   ', type('text/plain'), 'text/plain', '   '],
  ['text of four scripts', 'aÄЖ鍵🍺', type('text/plain; charset=utf-8'), 'text/plain', 'aÄЖ鍵🍺'],
  ['text that says latin-1', BYTES, type('text/plain;charset=latin-1'), 'text/plain', BYTES],
  ['text that says base64', 'YWJj', encoded('base64', 'text/plain'), 'text/plain', 'YWJj'],
  ['text that says gzip', 'YWJj', encoded('gzip', 'text/plain'), 'text/plain', 'YWJj'],
  ['bytes', BYTES, type(OCTETS), OCTETS, BYTES],
  ['bytes with parameters', BYTES, type(`${OCTETS}; a=b`), OCTETS, BYTES],
  ['base64', 'YWJj', encoded('base64'), OCTETS, 'abc'],
  ['base64 in capitals', 'YWJj', encoded('BASE64'), OCTETS, 'abc'],
  ['base64 in lines', 'YWJj\r\nZGVm\n', encoded('base64'), OCTETS, 'abcdef'],
  [
    'base64 of seven odd characters',
    String.raw`b'\xb0'`,
    encoded('base64'),
    OCTETS,
    Buffer.from('bxb0', 'base64'),
  ],
  ['bytes that look like JSON', '{"a": 1}', type('text/plain'), 'text/plain', '{"a": 1}'],
  ['20000 bytes', Buffer.alloc(20_000, 0xff), type(OCTETS), OCTETS, Buffer.alloc(20_000, 0xff)],
  ['20000 digits', 'a'.repeat(20_000), encoded('base64'), OCTETS, Buffer.from('a'.repeat(20_000), 'base64')],
];

/** What is refused, and how; the secret has no payload before and after. */
const REFUSED: readonly [
  name: string,
  body: string | Buffer,
  headers: Headers,
  status: number,
  description: string,
][] = [
  ...[
    'application/json',
    'application/pkcs8',
    'TEXT/PLAIN',
    'Application/Octet-Stream',
    'text/html',
    'text/',
    'crypto/boom',
    '',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ].map((name): [string, string, Headers, number, string] => [
    `the type "${name}"`,
    'x',
    type(name),
    415,
    UNEXPECTED,
  ]),
  ['no type', 'x', {}, 415, UNEXPECTED],
  ['neither type nor body', '', {}, 415, UNEXPECTED],
  ['415 before 413', 'x'.repeat(20_001), type('a/b'), 415, UNEXPECTED],
  ['no text', '', type('text/plain'), 400, NO_DATA],
  ['no bytes', '', type(OCTETS), 400, NO_DATA],
  ['no base64', '', encoded('base64'), 400, NO_DATA],
  ['nothing in an unknown encoding', '', encoded('gzip'), 400, NO_DATA],
  ['20001 bytes of text', 'x'.repeat(20_001), type('text/plain'), 413, TOO_LARGE],
  ['20001 bytes', Buffer.alloc(20_001, 0xff), type(OCTETS), 413, TOO_LARGE],
  ['20001 digits', 'a'.repeat(20_001), encoded('base64'), 413, TOO_LARGE],
  ['20001 bytes that are no base64', Buffer.alloc(20_001, 0xb0), encoded('base64'), 413, TOO_LARGE],
  ['a megabyte', Buffer.alloc(1_000_000, 0xff), encoded('gzip'), 413, TOO_LARGE],
  ...['binary', 'gzip', 'base64, gzip', 'base64,base64', 'base-64', 'identity'].map(
    (name): [string, string, Headers, number, string] => [
      `the encoding "${name}"`,
      'YWJj',
      encoded(name),
      400,
      ENCODING,
    ],
  ),
  ...['YWJjZA', 'YWJjZA=', 'A', 'A===', 'YWJj\nZ'].map((body): [string, string, Headers, number, string] => [
    `base64 without its end: ${JSON.stringify(body)}`,
    body,
    encoded('base64'),
    400,
    UNDECODABLE,
  ]),
];

describeDatabases('PUT /v1/secrets/{id}', (dialect) => {
  const app = broker(dialect);
  const put = (path: string, body: string | Buffer, headers: Headers): Promise<Answer> =>
    app().request('PUT', path, { body, headers });

  for (const [name, body, headers, shown, bytes] of STORED) {
    it(`stores ${name}`, async () => {
      const path = await created(app(), { secret_type: 'passphrase' });
      expectNoContent(await put(path, body, headers));
      const { json } = await app().request('GET', path);
      expect(json).to.include({ status: 'ACTIVE', secret_type: 'passphrase' });
      expect(json?.['content_types']).to.deep.equal({ default: shown });
      const payload = await app().request('GET', `${path}/payload`);
      expect(payload.status).to.equal(200);
      expect(payload.bytes.equals(Buffer.from(bytes)), payload.text.slice(0, 80)).to.equal(true);
    });
  }

  it('stores base64 that decodes to nothing', async () => {
    const path = await created(app());
    expectNoContent(await put(path, '🍺', encoded('base64')));
    expect((await app().request('GET', path)).json?.['content_types']).to.deep.equal({ default: OCTETS });
    expectNoContent(await app().request('GET', `${path}/payload`));
    expectError(await put(path, 'x', type('text/plain')), 409, 'Secret already has data, cannot modify it.');
  });

  for (const [name, body, headers, status, description] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const path = await created(app());
      expectError(await put(path, body, headers), status, description);
      expect((await app().request('GET', path)).json).not.to.have.property('content_types');
      expectNoContent(await put(path, 'x', type('text/plain')));
    });
  }

  it('refuses a body that is not there', async () => {
    const path = await created(app());
    const answer = await app().request('PUT', path, { headers: type('text/plain') });
    expectError(answer, 400, NO_DATA);
  });

  for (const [name, body, headers, status, description] of [
    ['good', 'x', type('text/plain'), 409, 'Secret already has data, cannot modify it.'],
    ['of bad base64', 'A', encoded('base64'), 409, 'Secret already has data, cannot modify it.'],
    ['of an unknown encoding', 'A', encoded('gzip'), 409, 'Secret already has data, cannot modify it.'],
    ['empty', '', type('text/plain'), 400, NO_DATA],
    ['too large', 'x'.repeat(20_001), type('text/plain'), 413, TOO_LARGE],
    ['of another type', 'x', type('application/json'), 415, UNEXPECTED],
  ] as const) {
    it(`a second payload, ${name}, is ${status}`, async () => {
      const path = await created(app(), TEXT);
      expectError(await put(path, body, headers), status, description);
      expect((await app().request('GET', `${path}/payload`)).text).to.equal(TEXT.payload);
    });
  }

  it('of two at once one wins', async () => {
    const path = await created(app());
    const bodies = ['one', 'two', 'three', 'four'];
    const answers = await Promise.all(bodies.map((body) => put(path, body, type('text/plain'))));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 409, 409, 409]);
    const winner = bodies[answers.findIndex(({ status }) => status === 204)];
    expect((await app().request('GET', `${path}/payload`)).text).to.equal(winner);
  });

  it('creates no secret', async () => {
    const headers = type('text/plain');
    expectError(await put(`/v1/secrets/${NOWHERE}`, 'x', headers), 404, 'Secret not found.');
    const invalid = 'Not Found. Provided secret id is invalid.';
    expectError(await put('/v1/secrets/not_a_uuid', 'x', headers), 404, invalid);
  });

  it('takes a body in chunks', async () => {
    const path = await created(app());
    const headers = ['Content-Type: text/plain', 'Transfer-Encoding: chunked'];
    const answer = await exchange(
      app().url,
      handmade(`PUT ${path}`, headers, '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'),
    );
    expect(answer.status).to.equal(204);
    expect(answer.head.toLowerCase()).not.to.contain('content-type');
    expect((await app().request('GET', `${path}/payload`)).text).to.equal('abcdef');
  });

  it('takes a trailing slash and any query', async () => {
    const path = await created(app());
    expectNoContent(await put(`${path}/?force=maybe&transport_key_needed=true`, 'x', type('text/plain')));
  });
});
