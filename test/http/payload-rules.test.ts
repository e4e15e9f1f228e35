import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { BINARY, broker, BYTES, created, expectError, mismatch, sqlite } from './wire.ts';

const TYPE = 'payload_content_type';
const ENCODING = 'payload_content_encoding';
const SUPPORTED = `${TYPE} is not one of ['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream', 'application/pkcs8']`;
const WITHOUT_TYPE = "If 'payload' is supplied, 'payload_content_type' must also be supplied.";
const WITHOUT_PAYLOAD = 'payload must be provided when payload_content_type is specified';
const EMPTY = "If 'payload' specified, must be non empty";
const UNDECODABLE = 'Invalid payload for payload_content_encoding';
const TOO_LARGE = 'Provided information too large to process';

const text = (payload: unknown, type: unknown = 'text/plain'): object => ({ payload, [TYPE]: type });
const base64 = (payload: unknown): object => ({ ...BINARY, payload });

/** The rules in their order, each with the next fault in the body too: the earlier one is reported. */
const RULES: readonly [name: string, body: object, reason: string, property: string][] = [
  ['1: no type', { payload: 'x' }, WITHOUT_TYPE, TYPE],
  ['1: a type of null', text('x', null), WITHOUT_TYPE, TYPE],
  ['1 before 6: no type, empty', { payload: '' }, WITHOUT_TYPE, TYPE],
  ...[
    '',
    ' ',
    'invalid',
    'text',
    'text/',
    'plain-text',
    'text/html',
    'application/json',
    'application/aes',
    'text/plain;charset=latin-1',
    'text/plain; charset=utf-88',
    'text/plain; foo',
    'text/plain;',
    'text/plain; charset=',
    'application/octet-stream, text/plain',
    'Ä',
    '؏',
    'Ж',
    '\ufffd',
  ].map((type): [string, object, string, string] => [
    `2: the type "${type}"`,
    text('x', type),
    SUPPORTED,
    TYPE,
  ]),
  [
    '2 before 3: an unknown type with an encoding',
    { ...text('x', 'a/b'), [ENCODING]: 'base64' },
    SUPPORTED,
    TYPE,
  ],
  [
    '3: text with an encoding',
    { ...text('x'), [ENCODING]: 'base64' },
    `${ENCODING} is not one of None`,
    ENCODING,
  ],
  [
    '3 before 5: long text with an encoding',
    { ...text('x'.repeat(20_001)), [ENCODING]: 'base64' },
    `${ENCODING} is not one of None`,
    ENCODING,
  ],
  ...['application/octet-stream', 'application/pkcs8'].map((type): [string, object, string, string] => [
    `4: ${type} without encoding`,
    text('eA==', type),
    `${ENCODING} is not one of ['base64', 'binary']`,
    ENCODING,
  ]),
  [
    '4 before 5: long bytes without encoding',
    text('x'.repeat(20_001), 'application/octet-stream'),
    `${ENCODING} is not one of ['base64', 'binary']`,
    ENCODING,
  ],
  ['6: an empty text', text(''), EMPTY, 'payload'],
  ['6: a blank text', text(' \t\r\n\u00a0\u3000'), EMPTY, 'payload'],
  ['6: empty base64', base64(''), EMPTY, 'payload'],
  ['6: base64 of nothing', base64('!!!!'), EMPTY, 'payload'],
  ['6: padding of nothing', base64('===='), EMPTY, 'payload'],
  ['7: one digit', base64('A'), UNDECODABLE, 'payload'],
  ['7: padding missing', base64('YWJjZA'), UNDECODABLE, 'payload'],
  ['7: half the padding', base64('YWJjZA='), UNDECODABLE, 'payload'],
  ['7: U+0080', base64('\u0080'), UNDECODABLE, 'payload'],
  ['7: U+1111 U+FFFF', base64('\u1111\uffff'), UNDECODABLE, 'payload'],
  ['7: a letter beyond ASCII in good base64', base64('YWJjé'), UNDECODABLE, 'payload'],
  ['8: a type alone', { [TYPE]: 'text/plain' }, WITHOUT_PAYLOAD, 'payload'],
  ['8: a type of null alone', { [TYPE]: null }, WITHOUT_PAYLOAD, 'payload'],
  ['8: an empty type alone', { [TYPE]: '' }, WITHOUT_PAYLOAD, 'payload'],
  ['8: an unknown type alone', { [TYPE]: 'a/b', [ENCODING]: 'base64' }, WITHOUT_PAYLOAD, 'payload'],
  ['schema: a payload of null', text(null), "None is not of type 'string'", 'payload'],
  ['schema: a payload of bytes', base64([1, 2]), "[payload] is not of type 'string'", 'payload'],
  ['schema: a payload of a number', base64(5), "[payload] is not of type 'string'", 'payload'],
  ['schema: a type of a number', text('x', 5), "5 is not of type 'string', 'null'", TYPE],
  ['schema: a type of 256 characters', text('x', 'x'.repeat(256)), `'${'x'.repeat(256)}' is too long`, TYPE],
  [
    'expiration before payload',
    { ...text('x', 'a/b'), expiration: 'soon' },
    "Invalid date for 'expiration'",
    'expiration',
  ],
  [
    'schema before expiration',
    { expiration: 'soon', bit_length: 0 },
    '0 is less than the minimum of 1',
    'bit_length',
  ],
];

/** What is sent, the type that is shown, and the bytes that come back. */
const STORED: readonly [name: string, body: object, type: string, bytes: Buffer][] = [
  ['text', text('x'), 'text/plain', Buffer.from('x')],
  ['text of four scripts', text('aÄЖ鍵🍺'), 'text/plain', Buffer.from('aÄЖ鍵🍺')],
  ['text with space around', text(' \n a b \t\n'), 'text/plain', Buffer.from('a b')],
  ['text with a zero', text('a\0b'), 'text/plain', Buffer.from('a\0b')],
  ['text in capitals', text('x', 'TEXT/PLAIN'), 'text/plain', Buffer.from('x')],
  ['text with charset', text('x', 'text/plain;charset=utf-8'), 'text/plain', Buffer.from('x')],
  ['text with charset in capitals', text('x', 'text/plain; charset=UTF-8'), 'text/plain', Buffer.from('x')],
  [
    'text with a parameter of any name',
    text('x', 'Text/Plain ; foo = utf-8'),
    'text/plain',
    Buffer.from('x'),
  ],
  ['text with two parameters', text('x', 'text/plain;charset=utf-8;a=b'), 'text/plain', Buffer.from('x')],
  ['text with space around the type', text('x', ' text/plain '), 'text/plain', Buffer.from('x')],
  ['bytes', BINARY, 'application/octet-stream', BYTES],
  [
    'bytes with charset',
    { ...BINARY, [TYPE]: 'application/octet-stream; charset=utf-8' },
    'application/octet-stream',
    BYTES,
  ],
  ['PKCS#8', { ...BINARY, [TYPE]: 'application/pkcs8' }, 'application/pkcs8', BYTES],
  ['base64 in lines', base64('YWJj\r\nZGVm\n'), 'application/octet-stream', Buffer.from('abcdef')],
  ['base64 with strangers in it', base64('Y!W-J_j*'), 'application/octet-stream', Buffer.from('abc')],
  ['base64 that goes on after its end', base64('YWI=YWJj'), 'application/octet-stream', Buffer.from('ab')],
  ['base64 with padding in front', base64('=YWJj'), 'application/octet-stream', Buffer.from('abc')],
  [
    '20000 digits of base64',
    base64('a'.repeat(20_000)),
    'application/octet-stream',
    Buffer.from('a'.repeat(20_000), 'base64'),
  ],
  ['20000 bytes of text', text('é'.repeat(10_000)), 'text/plain', Buffer.from('é'.repeat(10_000))],
  [
    '19995 bytes and 10 spaces',
    text(' '.repeat(10) + 'x'.repeat(19_995)),
    'text/plain',
    Buffer.from('x'.repeat(19_995)),
  ],
];

describe('the payload rules of POST /v1/secrets', () => {
  const app = broker();
  const post = (body: unknown): Promise<Answer> => app().request('POST', '/v1/secrets', { body });

  for (const [name, body, reason, property] of RULES) {
    it(name, async () => expectError(await post(body), 400, mismatch(reason, property)));
  }

  for (const [name, body] of [
    ['5: 20001 bytes of text', text('x'.repeat(20_001))],
    ['5: 20002 bytes in 10001 characters', text('é'.repeat(10_001))],
    ['5: 20001 digits of base64', base64('a'.repeat(20_001))],
    ['5 before 7: 20001 characters that are no base64', base64('é'.repeat(10_001))],
  ] as const) {
    it(name, async () => expectError(await post(body), 413, TOO_LARGE));
  }

  it('an unknown transport key', async () => {
    const answer = await post({ ...text('x'), transport_key_id: 'none' });
    expectError(answer, 400, 'Secret creation issue seen - Provided transport key was not found..');
  });
});

describeDatabases('payloads come back as they went', (dialect) => {
  const app = broker(dialect);
  for (const [name, body, type, bytes] of STORED) {
    it(name, async () => {
      const path = await created(app(), body);
      const { json } = await app().request('GET', path);
      expect(json?.['content_types']).to.deep.equal({ default: type });
      const answer = await app().request('GET', `${path}/payload`);
      expect(answer.status).to.equal(200);
      expect(answer.bytes.equals(bytes), answer.text.slice(0, 80)).to.equal(true);
    });
  }

  for (const type of ['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque']) {
    it(`nobody looks into a secret of type ${type}`, async () => {
      const pem = '-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n';
      const payload = Buffer.from(pem).toString('base64');
      const path = await created(app(), { ...BINARY, payload, secret_type: type });
      const headers = { Accept: 'application/octet-stream' };
      expect((await app().request('GET', `${path}/payload`, { headers })).text).to.equal(pem);
    });
  }
});

describe('limits of one’s own', () => {
  const app = broker(sqlite(), { limits: { max_secret_bytes: 10, max_request_bytes: 200 } });

  it('apply to a payload', async () => {
    await created(app(), text('x'.repeat(10)));
    const answer = await app().request('POST', '/v1/secrets', { body: text('x'.repeat(11)) });
    expectError(answer, 413, TOO_LARGE);
  });

  it('apply to a document', async () => {
    await created(app(), { name: 'x'.repeat(150) });
    const answer = await app().request('POST', '/v1/secrets', { body: { name: 'x'.repeat(200) } });
    expectError(answer, 413, TOO_LARGE);
  });
});
