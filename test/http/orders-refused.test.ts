import { expect } from 'chai';
import { describeDatabases } from '../helpers/databases.ts';
import { AES, key, pair, RSA } from './orders-requests.ts';
import { broker, expectError, mismatch } from './wire.ts';

const long = 'x'.repeat(256);
const TYPES =
  "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream', 'application/pkcs8']";

const order = (reason: string, property: string): string => mismatch(reason, property, 'Order');
const meta = (reason: string, property: string): string =>
  mismatch(reason, property, "Secret' within 'Order");
const OCTETS = { payload_content_type: 'application/octet-stream' };

/** Bodies that are refused with 400, and the description. */
const REFUSED: readonly [name: string, body: unknown, description: string][] = [
  ['a list', [], order("[] is not of type 'object'", 'None')],
  ['nothing', {}, order("'type' is a required property", 'type')],
  ['no type', { meta: AES }, order("'type' is a required property", 'type')],
  ['no meta', { type: 'key' }, order("'meta' is a required property", 'meta')],
  [
    'certificates, which are gone',
    { type: 'certificate', meta: {} },
    order("'certificate' is not one of ['key', 'asymmetric']", 'type'),
  ],
  [
    'a type in capitals',
    { ...key(), type: 'KEY' },
    order("'KEY' is not one of ['key', 'asymmetric']", 'type'),
  ],
  ['null for a type', { ...key(), type: null }, order("None is not one of ['key', 'asymmetric']", 'type')],
  ['null for a meta', { type: 'key', meta: null }, order("None is not of type 'object'", 'meta')],
  ['a list for a meta', { type: 'key', meta: [] }, order("[] is not of type 'object'", 'meta')],
  ['a number for a name', key({ ...AES, name: 5 }), meta("5 is not of type 'string', 'null'", 'name')],
  ['a long name', key({ ...AES, name: long }), meta(`'${long}' is too long`, 'name')],
  [
    'a number for an algorithm',
    key({ ...AES, algorithm: 5 }),
    meta("5 is not of type 'string'", 'algorithm'),
  ],
  ['a long algorithm', key({ ...AES, algorithm: long }), meta(`'${long}' is too long`, 'algorithm')],
  ['a number for a mode', key({ ...AES, mode: 5 }), meta("5 is not of type 'string'", 'mode')],
  ['null for a mode', key({ ...AES, mode: null }), meta("None is not of type 'string'", 'mode')],
  ['a long mode', key({ ...AES, mode: long }), meta(`'${long}' is too long`, 'mode')],
  [
    'bits in a text',
    key({ ...AES, bit_length: '256' }),
    meta("'256' is not of type 'integer'", 'bit_length'),
  ],
  ['a truth of bits', key({ ...AES, bit_length: true }), meta("True is not of type 'integer'", 'bit_length')],
  ['0 bits', key({ ...AES, bit_length: 0 }), meta('0 is less than the minimum of 1', 'bit_length')],
  [
    '32768 bits',
    key({ ...AES, bit_length: 32768 }),
    meta('32768 is greater than the maximum of 32767', 'bit_length'),
  ],
  ['7 bits', key({ ...AES, bit_length: 7 }), 'Provided field value is not supported'],
  ['129 bits', pair({ ...RSA, bit_length: 129 }), 'Provided field value is not supported'],
  [
    'an unknown secret type',
    key({ ...AES, secret_type: 'x' }),
    meta(
      "'x' is not one of ['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque']",
      'secret_type',
    ),
  ],
  ['no date', key({ ...AES, expiration: 'soon' }), meta("Invalid date for 'expiration'", 'expiration')],
  [
    'a date gone by',
    key({ ...AES, expiration: '2001-01-01' }),
    meta("'expiration' is before current time", 'expiration'),
  ],
  [
    'an unknown content type',
    key({ ...AES, payload_content_type: 'application/aes' }),
    meta(`payload_content_type is not one of ${TYPES}`, 'payload_content_type'),
  ],
  [
    'a number for a content type',
    key({ ...AES, payload_content_type: 5 }),
    meta("5 is not of type 'string', 'null'", 'payload_content_type'),
  ],
  ['no algorithm', key({ bit_length: 8 }), order("'algorithm' is required field for key type order", 'meta')],
  [
    'a blank algorithm',
    key({ ...AES, algorithm: ' ' }),
    order("'algorithm' is required field for key type order", 'meta'),
  ],
  [
    'no algorithm for a pair',
    pair({ bit_length: 7 }),
    order("'algorithm' is required field for asymmetric key type order", 'meta'),
  ],
  ['no bits', key({ algorithm: 'aes' }), order("'bit_length' is required field for key type order", 'meta')],
  [
    'no bits for a pair',
    pair({ algorithm: 'rsa' }),
    order("'bit_length' is required field for asymmetric key type order", 'meta'),
  ],
  [
    'a payload without a type',
    key({ payload: 'p' }),
    meta("If 'payload' is supplied, 'payload_content_type' must also be supplied.", 'payload_content_type'),
  ],
  [
    'a payload of an unknown type',
    key({ payload: 'p', payload_content_type: '' }),
    meta(`payload_content_type is not one of ${TYPES}`, 'payload_content_type'),
  ],
  [
    'a payload of text that is encoded',
    key({ payload: 'p', payload_content_type: 'text/plain', payload_content_encoding: 'base64' }),
    meta('payload_content_encoding is not one of None', 'payload_content_encoding'),
  ],
  [
    'a payload of bytes that are not',
    key({ payload: 'p', ...OCTETS }),
    meta("payload_content_encoding is not one of ['base64', 'binary']", 'payload_content_encoding'),
  ],
  [
    'an empty payload',
    key({ payload: ' ', payload_content_type: 'text/plain' }),
    meta("If 'payload' specified, must be non empty", 'payload'),
  ],
  [
    'a payload that does not decode',
    key({ payload: 'abc', ...OCTETS, payload_content_encoding: 'base64' }),
    meta('Invalid payload for payload_content_encoding', 'payload'),
  ],
  [
    'a payload beyond ASCII that does not decode',
    key({ payload: 'AAAAé', ...OCTETS, payload_content_encoding: 'base64' }),
    meta('Invalid payload for payload_content_encoding', 'payload'),
  ],
  [
    'a payload that decodes to nothing',
    key({ payload: '!!!!', ...OCTETS, payload_content_encoding: 'base64' }),
    meta("If 'payload' specified, must be non empty", 'payload'),
  ],
  ['a number for a payload', key({ payload: 1234 }), meta("[payload] is not of type 'string'", 'payload')],
  [
    'a payload without fault',
    key({ payload: 'p', payload_content_type: 'text/plain' }),
    order("'payload' not allowed for key type order", 'meta'),
  ],
  [
    'a payload of a pair, of any size',
    pair({ payload: 'p'.repeat(20_001), payload_content_type: 'text/plain' }),
    order("'payload' not allowed for asymmetric type order", 'meta'),
  ],
  [
    'a number for a passphrase',
    pair({ ...RSA, passphrase: 1234 }),
    meta("[passphrase] is not of type 'string'", 'passphrase'),
  ],
  [
    'a passphrase of 1025 bytes',
    pair({ ...RSA, pass_phrase: 'x'.repeat(1025) }),
    meta('[passphrase] is too long', 'pass_phrase'),
  ],
];

describeDatabases('refusals of POST /v1/orders', (dialect) => {
  const app = broker(dialect);

  for (const [name, body, description] of REFUSED) {
    it(`refuses ${name}`, async () => {
      expectError(await app().request('POST', '/v1/orders', { body }), 400, description);
    });
  }

  it('refuses a text the database cannot hold', async () => {
    for (const property of ['name', 'algorithm', 'mode']) {
      const answer = await app().request('POST', '/v1/orders', { body: key({ ...AES, [property]: 'a\0b' }) });
      expect(answer.status).to.equal(400);
      expect(answer.json?.['description']).to.contain(`Invalid property: '${property}'`);
    }
  });
});
