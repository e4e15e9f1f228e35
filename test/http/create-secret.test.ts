import { expect } from 'chai';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, BINARY, created, expectError, JSON_TYPE, mismatch, TEXT, UUID4 } from './wire.ts';

const long = (length: number): string => 'x'.repeat(length);
const PUNCTUATION = '~!@#$%^&*()_+`-={}[]\\|:;<>,.?"\'/';
const TYPES = "['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque']";

/** Bodies that create a secret, and what of it then differs from one created by `{}`. */
const ACCEPTED: readonly [name: string, body: object, shown: Record<string, unknown>][] = [
  ['nothing', {}, {}],
  ['a name', { name: 'n' }, { name: 'n' }],
  ['a name of 255 characters', { name: long(255) }, { name: long(255) }],
  ['a name of 255 characters of four bytes', { name: '🔑'.repeat(255) }, { name: '🔑'.repeat(255) }],
  ['a name of 255 characters and space around', { name: ` ${long(255)}\n` }, { name: long(255) }],
  ['a name of punctuation', { name: PUNCTUATION }, { name: PUNCTUATION }],
  ['a name in three scripts', { name: 'Ключ 鍵 مفتاح' }, { name: 'Ключ 鍵 مفتاح' }],
  ['an empty name', { name: '' }, { name: '' }],
  ['a blank name', { name: ' \t\n ' }, { name: '' }],
  ['a name of null', { name: null }, { name: null }],
  ['an algorithm nobody knows', { algorithm: 'Invalid' }, { algorithm: 'Invalid' }],
  ['an empty algorithm', { algorithm: '' }, { algorithm: '' }],
  ['a blank algorithm', { algorithm: '  ' }, { algorithm: '' }],
  ['an algorithm of 255 characters', { algorithm: long(255) }, { algorithm: long(255) }],
  ['a mode nobody knows', { mode: 'unknown' }, { mode: 'unknown' }],
  ['an empty mode', { mode: '' }, { mode: '' }],
  ['a mode of 255 characters', { mode: long(255) }, { mode: long(255) }],
  ...[1, 7, 8, 15, 16, 128, 256, 4096, 32767].map((bits): [string, object, Record<string, unknown>] => [
    `${bits} bits`,
    { bit_length: bits },
    { bit_length: bits },
  ]),
  ...['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque'].map(
    (type): [string, object, Record<string, unknown>] => [
      `the type ${type}`,
      { secret_type: type },
      { secret_type: type },
    ],
  ),
  ['space around a type', { secret_type: ' symmetric ' }, { secret_type: 'symmetric' }],
  ['an encoding without payload', { payload_content_encoding: 'base64' }, {}],
  ['no transport key needed', { transport_key_needed: 'false' }, {}],
  ['a transport key needed where there are none', { transport_key_needed: 'true' }, {}],
  ['a transport key without payload', { transport_key_id: 'nobody-knows' }, {}],
  ['an empty expiration', { expiration: '' }, {}],
  ['a blank expiration', { expiration: '  ' }, {}],
  [
    'properties of others, and of nobody',
    { status: 'ERROR', id: 'i', creator_id: 'c', created: '2001', secret_ref: 'x', project_id: 'p', foo: {} },
    {},
  ],
  ['external_project_id', { external_project_id: 'p-2' }, {}],
  ['odd keys', JSON.parse('{"__proto__": {"name": "x"}, "constructor": 1, "toString": null}') as object, {}],
  ['a text', TEXT, { content_types: { default: 'text/plain' } }],
  ['bytes', BINARY, { content_types: { default: 'application/octet-stream' } }],
];

/** Bodies that create nothing: the reason and property in the refusal. */
const REFUSED: readonly [name: string, body: object, reason: string, property: string][] = [
  ['a number for a name', { name: 5 }, "5 is not of type 'string', 'null'", 'name'],
  ['a truth for a name', { name: true }, "True is not of type 'string', 'null'", 'name'],
  [
    'an object for a name',
    { name: { k: [1, null] } },
    "{'k': [1, None]} is not of type 'string', 'null'",
    'name',
  ],
  ['a name of 256 characters', { name: long(256) }, `'${long(256)}' is too long`, 'name'],
  ['a number for an algorithm', { algorithm: 1 }, "1 is not of type 'string'", 'algorithm'],
  ['null for an algorithm', { algorithm: null }, "None is not of type 'string'", 'algorithm'],
  ['an algorithm of 256 characters', { algorithm: long(256) }, `'${long(256)}' is too long`, 'algorithm'],
  ['a number for a mode', { mode: 1 }, "1 is not of type 'string'", 'mode'],
  ['null for a mode', { mode: null }, "None is not of type 'string'", 'mode'],
  ['a mode of 256 characters', { mode: long(256) }, `'${long(256)}' is too long`, 'mode'],
  ['0 bits', { bit_length: 0 }, '0 is less than the minimum of 1', 'bit_length'],
  ['-1 bits', { bit_length: -1 }, '-1 is less than the minimum of 1', 'bit_length'],
  ['32768 bits', { bit_length: 32768 }, '32768 is greater than the maximum of 32767', 'bit_length'],
  ['half bits', { bit_length: 5.5 }, "5.5 is not of type 'integer'", 'bit_length'],
  ['bits in a text', { bit_length: '5' }, "'5' is not of type 'integer'", 'bit_length'],
  ['no bits in a text', { bit_length: 'not-an-int' }, "'not-an-int' is not of type 'integer'", 'bit_length'],
  ['an empty text of bits', { bit_length: '' }, "'' is not of type 'integer'", 'bit_length'],
  ['a blank text of bits', { bit_length: ' ' }, "'' is not of type 'integer'", 'bit_length'],
  ['a truth of bits', { bit_length: true }, "True is not of type 'integer'", 'bit_length'],
  ['null bits', { bit_length: null }, "None is not of type 'integer'", 'bit_length'],
  ['an unknown type', { secret_type: 'key' }, `'key' is not one of ${TYPES}`, 'secret_type'],
  ['a type in capitals', { secret_type: 'OPAQUE' }, `'OPAQUE' is not one of ${TYPES}`, 'secret_type'],
  ['an empty type', { secret_type: '' }, `'' is not one of ${TYPES}`, 'secret_type'],
  ['null for a type', { secret_type: null }, `None is not one of ${TYPES}`, 'secret_type'],
  ['null for an expiration', { expiration: null }, "None is not of type 'string'", 'expiration'],
  ['a number for an expiration', { expiration: 2040 }, "2040 is not of type 'string'", 'expiration'],
  ['a long expiration', { expiration: long(256) }, `'${long(256)}' is too long`, 'expiration'],
  [
    'an unknown encoding',
    { payload_content_encoding: 'invalid' },
    "'invalid' is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'an empty encoding',
    { payload_content_encoding: '' },
    "'' is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'a blank encoding',
    { payload_content_encoding: ' ' },
    "'' is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'an encoding in capitals',
    { payload_content_encoding: 'BASE64' },
    "'BASE64' is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'binary for an encoding',
    { payload_content_encoding: 'binary' },
    "'binary' is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'a number for an encoding',
    { payload_content_encoding: 5 },
    "5 is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'null for an encoding',
    { payload_content_encoding: null },
    "None is not one of ['base64']",
    'payload_content_encoding',
  ],
  [
    'a truth for a transport key needed',
    { transport_key_needed: true },
    "True is not one of ['true', 'false']",
    'transport_key_needed',
  ],
  [
    'an empty transport key needed',
    { transport_key_needed: '' },
    "'' is not one of ['true', 'false']",
    'transport_key_needed',
  ],
  [
    'null for a transport key needed',
    { transport_key_needed: null },
    "None is not one of ['true', 'false']",
    'transport_key_needed',
  ],
  [
    'null for a transport key',
    { transport_key_id: null },
    "None is not of type 'string'",
    'transport_key_id',
  ],
];

describeDatabases('POST /v1/secrets', (dialect) => {
  const app = broker(dialect);

  describe('creates', () => {
    for (const [name, body, shown] of ACCEPTED) {
      it(name, async () => {
        const answer = await app().request('POST', '/v1/secrets', { body });
        expect(answer.status, answer.text).to.equal(201);
        const ref = String(answer.json?.['secret_ref']);
        expect(answer.text).to.equal(JSON.stringify({ secret_ref: ref }));
        expect(ref).to.match(new RegExp(`^${app().url}/v1/secrets/${UUID4}$`));
        expect(answer.headers.location).to.equal(ref);
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        const { json } = await app().request('GET', new URL(ref).pathname);
        const { created: one, updated: two, ...rest } = json ?? {};
        expect([typeof one, typeof two]).to.deep.equal(['string', 'string']);
        expect(rest).to.deep.equal({ ...EMPTY, secret_ref: ref, ...shown });
      });
    }

    it('bits written as a float without fraction', async () => {
      const headers = { 'Content-Type': JSON_TYPE };
      const answer = await app().request('POST', '/v1/secrets', { body: '{"bit_length": 5.0}', headers });
      const { json } = await app().request('GET', new URL(String(answer.headers.location)).pathname);
      expect(json?.['bit_length']).to.equal(5);
    });

    it('two secrets of one name', async () => {
      expect(await created(app(), { name: 'twin' })).not.to.equal(await created(app(), { name: 'twin' }));
    });
  });

  describe('refuses', () => {
    for (const [name, body, reason, property] of REFUSED) {
      it(name, async () => {
        expectError(await app().request('POST', '/v1/secrets', { body }), 400, mismatch(reason, property));
      });
    }

    it('a text the database cannot hold', async () => {
      for (const property of ['name', 'algorithm', 'mode']) {
        const answer = await app().request('POST', '/v1/secrets', { body: { [property]: 'a\0b' } });
        expect(answer.status).to.equal(400);
        expect(answer.json?.['description'])
          .to.match(/^Provided object does not match schema 'Secret': /)
          .and.to.match(new RegExp(`Invalid property: '${property}'$`));
      }
    });

    it('all fields empty', async () => {
      const body = {
        name: '',
        expiration: '',
        algorithm: '',
        mode: '',
        bit_length: '',
        payload: '',
        payload_content_type: '',
        payload_content_encoding: '',
      };
      expect((await app().request('POST', '/v1/secrets', { body })).status).to.equal(400);
    });
  });
});

/** Of `{}`, without its times and reference. */
const EMPTY = {
  status: 'ACTIVE',
  name: null,
  secret_type: 'opaque',
  expiration: null,
  algorithm: null,
  bit_length: null,
  mode: null,
  creator_id: 'u-owner',
};
