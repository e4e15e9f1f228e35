import { expect } from 'chai';
import { describeDatabases } from '../helpers/databases.ts';
import {
  AES,
  ended,
  key,
  make,
  membersOf,
  ordered,
  pair,
  pathIn,
  payloadOf,
  RSA,
  shown,
  workingBroker,
  type Shown,
} from './orders-requests.ts';
import { UUID4 } from './wire.ts';

const NO_GENERATOR = 'Process TypeOrder issue seen - Secret generate supported plugin not found..';
const NOT_SUPPORTED = 'Process TypeOrder issue seen - Requested algorithm is not supported.';
const NO_LENGTH = 'Process TypeOrder failure seen - please contact site administrator.';

/** Keys that are generated: algorithm, bits, mode. */
const KEYS: readonly [algorithm: string, bits: number, mode?: string][] = [
  ...['aes', 'des', 'hmacsha1', 'hmacsha256', 'hmacsha384', 'hmacsha512', 'AES', 'HmacSHA1'].flatMap(
    (algorithm) => [64, 128, 192, 256].map((bits): [string, number] => [algorithm, bits]),
  ),
  ['aes', 256, 'cbc'],
  ['aes', 256, 'xts'],
  ['aes', 512, 'XTS'],
];

/** Orders that end in ERROR: type, `meta`, status and reason. */
const ERRORS: readonly [type: 'key' | 'asymmetric', meta: Shown, status: string, reason: string][] = [
  ...['bogus', '3des', 'hmacmd5', 'x'.repeat(255)].map((algorithm): (typeof ERRORS)[number] => [
    'key',
    { algorithm, bit_length: 256 },
    '400',
    NO_GENERATOR,
  ]),
  ...['rsa', 'DSA', 'ec', 'dh', 'desede'].map((algorithm): (typeof ERRORS)[number] => [
    'key',
    { algorithm, bit_length: 256 },
    '400',
    NOT_SUPPORTED,
  ]),
  ...['aes', 'EC', 'dh', 'desede', 'hmacsha256'].map((algorithm): (typeof ERRORS)[number] => [
    'asymmetric',
    { algorithm, bit_length: 2048 },
    '400',
    NOT_SUPPORTED,
  ]),
  ['asymmetric', { algorithm: 'bogus', bit_length: 2048 }, '400', NO_GENERATOR],
  ...[8, 40, 136, 384, 512, 4096].map((bit_length): (typeof ERRORS)[number] => [
    'key',
    { algorithm: 'aes', bit_length },
    '500',
    NO_LENGTH,
  ]),
  ['key', { algorithm: 'aes', bit_length: 512, mode: 'cbc' }, '500', NO_LENGTH],
  ['key', { algorithm: 'aes', bit_length: 1024, mode: 'xts' }, '500', NO_LENGTH],
  ...[8, 512, 1032, 3072, 8192].map((bit_length): (typeof ERRORS)[number] => [
    'asymmetric',
    { algorithm: 'rsa', bit_length },
    '500',
    NO_LENGTH,
  ]),
];

describeDatabases('what becomes of orders', (dialect) => {
  const app = workingBroker(dialect);

  for (const [algorithm, bits, mode] of KEYS) {
    it(`a key: ${algorithm} ${bits} ${mode ?? ''}`, async () => {
      const meta = { algorithm, bit_length: bits, ...(mode === undefined ? {} : { mode }) };
      const order = await make(app(), key(meta));
      expect(order['status'], JSON.stringify(order)).to.equal('ACTIVE');
      const secret = await shown(app(), pathIn(order, 'secret_ref'));
      expect(secret).to.include({
        secret_type: 'symmetric',
        algorithm,
        bit_length: bits,
        mode: mode ?? null,
      });
      expect((await payloadOf(app(), pathIn(order, 'secret_ref'))).length).to.equal(bits / 8);
    });
  }

  for (const [type, meta, status, reason] of ERRORS) {
    it(`no ${type}: ${JSON.stringify(meta)}`.slice(0, 80), async () => {
      const before = (await app().request('GET', '/v1/secrets?limit=1')).json?.['total'];
      const path = await ordered(app(), { type, meta: { ...meta, passphrase: 'hush' } });
      const order = await ended(app(), path);
      const { created, updated } = order;
      expect(JSON.stringify(order)).to.equal(
        JSON.stringify({
          created,
          updated,
          status: 'ERROR',
          type,
          meta: { ...meta, name: null, expiration: null },
          error_status_code: status,
          error_reason: reason,
          creator_id: 'u-owner',
          order_ref: `${app().url}${path}`,
        }),
      );
      expect((await app().request('GET', '/v1/secrets?limit=1')).json?.['total']).to.equal(before);
    });
  }

  it('a key has all that the order says, and the order says what became of it', async () => {
    const meta = {
      name: 'n',
      algorithm: 'AES',
      bit_length: 256,
      mode: 'cbc',
      payload_content_type: 'application/octet-stream',
      expiration: '2030-02-28T19:14:44.180394',
    };
    const path = await ordered(app(), key({ ...meta, secret_type: 'opaque', creator_id: 'another' }));
    const order = await ended(app(), path);
    const { created, updated } = order;
    const ref = String(order['secret_ref']);
    expect(ref).to.match(new RegExp(`^${app().url}/v1/secrets/${UUID4}$`));
    expect(String(updated) > String(created)).to.equal(true);
    expect(JSON.stringify(order)).to.equal(
      JSON.stringify({
        created,
        updated,
        status: 'ACTIVE',
        type: 'key',
        meta: { ...meta, secret_type: 'opaque', creator_id: 'another' },
        sub_status: 'Unknown',
        sub_status_message: 'Unknown',
        creator_id: 'u-owner',
        secret_ref: ref,
        order_ref: `${app().url}${path}`,
      }),
    );
    const { name, algorithm, bit_length, mode, expiration, ...secret } = await shown(
      app(),
      new URL(ref).pathname,
    );
    expect({ name, algorithm, bit_length, mode, expiration }).to.deep.equal({
      ...Object.fromEntries(Object.entries(meta).filter(([member]) => member !== 'payload_content_type')),
    });
    expect(secret).to.deep.include({ creator_id: 'u-owner', secret_type: 'symmetric' });
    expect(secret['content_types']).to.deep.equal({ default: 'application/octet-stream' });
  });

  const CONTENT_TYPES: readonly [given: unknown, stored: string][] = [
    [undefined, 'application/octet-stream'],
    [null, 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['Application/PKCS8', 'application/pkcs8'],
    ['text/plain; charset=UTF-8', 'text/plain'],
  ];
  for (const [given, stored] of CONTENT_TYPES) {
    it(`the content type ${String(given)} becomes ${stored}`, async () => {
      const order = await make(app(), key({ ...AES, payload_content_type: given }));
      const secret = await shown(app(), pathIn(order, 'secret_ref'));
      expect(secret['content_types']).to.deep.equal({ default: stored });
    });
  }

  it('random bytes are never text', async () => {
    const path = pathIn(await make(app(), key()), 'secret_ref');
    const answer = await app().request('GET', `${path}/payload`, { headers: { Accept: 'text/plain' } });
    expect(answer.status).to.equal(406);
  });

  it('a pair is a container of its secrets', async () => {
    const meta = { ...RSA, algorithm: 'RSA', name: 'pair', mode: 'm', expiration: '2040-01-01' };
    const path = await ordered(app(), pair({ ...meta, pass_phrase: 'hush' }));
    const order = await ended(app(), path);
    expect(Object.keys(order)).to.deep.equal([
      ...['created', 'updated', 'status', 'type', 'meta', 'sub_status', 'sub_status_message'],
      ...['creator_id', 'order_ref', 'container_ref'],
    ]);
    const container = pathIn(order, 'container_ref');
    expect(await shown(app(), container)).to.include({ name: 'pair', type: 'rsa', creator_id: 'u-owner' });
    const members = await membersOf(app(), container);
    expect(Object.keys(members)).to.deep.equal(['private_key', 'public_key', 'private_key_passphrase']);
    const types = ['private', 'public', 'passphrase'];
    for (const [index, member] of Object.values(members).entries()) {
      expect(await shown(app(), member)).to.include({
        secret_type: types[index],
        name: 'pair',
        algorithm: 'RSA',
        bit_length: 1024,
        mode: 'm',
        expiration: '2040-01-01T00:00:00',
        creator_id: 'u-owner',
      });
    }
  });

  it('an order, a secret and a container go without the others', async () => {
    const keyOrder = await ordered(app(), key());
    const { secret_ref: secret } = await ended(app(), keyOrder);
    expect((await app().request('DELETE', new URL(String(secret)).pathname)).status).to.equal(204);
    expect((await shown(app(), keyOrder))['secret_ref']).to.equal(secret);
    const pairOrder = await ordered(app(), pair());
    const container = pathIn(await ended(app(), pairOrder), 'container_ref');
    const members = await membersOf(app(), container);
    const as = { user: 'u-admin', project: 'p-1', roles: ['admin'] };
    expect((await app().request('DELETE', pairOrder, { as })).status).to.equal(204);
    await shown(app(), container);
    expect((await app().request('DELETE', container)).status).to.equal(204);
    for (const member of Object.values(members)) await shown(app(), member);
  });
});
