import { expect } from 'chai';
import { describeDatabases } from '../helpers/databases.ts';
import { AES, key, pair, RSA, type Shown } from './orders-requests.ts';
import { broker, denied, expectError, JSON_TYPE, NOBODY, READER, UUID4 } from './wire.ts';

const EMPTY = { name: null, expiration: null };

/** Bodies that are accepted, and the `meta` they leave, in its order. Nobody works them here: they stay PENDING. */
const ACCEPTED: readonly [name: string, body: Shown, meta: Shown][] = [
  ['the least of a key', key(), { ...AES, ...EMPTY }],
  ['the least of a pair', pair(), { ...RSA, ...EMPTY }],
  ...[8, 64, 128, 192, 256, 512, 1024, 2048, 4096, 32760].map((bits): [string, Shown, Shown] => [
    `${bits} bits of AES`,
    key({ algorithm: 'aes', bit_length: bits }),
    { algorithm: 'aes', bit_length: bits, ...EMPTY },
  ]),
  [
    'an algorithm nobody knows',
    key({ algorithm: 'bogus', bit_length: 8 }),
    { algorithm: 'bogus', bit_length: 8, ...EMPTY },
  ],
  ['an algorithm in capitals', key({ ...AES, algorithm: 'AES' }), { ...AES, algorithm: 'AES', ...EMPTY }],
  ['a name', key({ name: 'n', ...AES }), { name: 'n', ...AES, expiration: null }],
  ['space around a name', key({ ...AES, name: ' n\n' }), { ...AES, name: 'n', expiration: null }],
  ['an empty name', key({ name: '', ...AES }), { name: '', ...AES, expiration: null }],
  ['a name of null', key({ name: null, ...AES }), { name: null, ...AES, expiration: null }],
  [
    'an expiration with an offset, where it stood',
    key({ expiration: '2030-01-01T00:00:00+02:00', ...AES }),
    { expiration: '2029-12-31T22:00:00.000000', ...AES, name: null },
  ],
  [
    'an expiration with microseconds',
    key({ ...AES, expiration: '2030-02-28T19:14:44.180394' }),
    { ...AES, expiration: '2030-02-28T19:14:44.180394', name: null },
  ],
  ['an empty expiration', key({ ...AES, expiration: ' ' }), { ...AES, expiration: null, name: null }],
  ['a mode', key({ ...AES, mode: 'cbc' }), { ...AES, mode: 'cbc', ...EMPTY }],
  [
    'a content type',
    key({ ...AES, payload_content_type: 'Text/Plain; charset=UTF-8' }),
    { ...AES, payload_content_type: 'Text/Plain; charset=UTF-8', ...EMPTY },
  ],
  [
    'an empty content type',
    key({ ...AES, payload_content_type: '' }),
    { ...AES, payload_content_type: '', ...EMPTY },
  ],
  [
    'a content type of null',
    key({ ...AES, payload_content_type: null }),
    { ...AES, payload_content_type: null, ...EMPTY },
  ],
  ['a secret type', key({ ...AES, secret_type: 'opaque' }), { ...AES, secret_type: 'opaque', ...EMPTY }],
  [
    'members nobody knows',
    key({ x: { y: [1, ' z ', null] }, ...AES, creator_id: 'c', external_project_id: 'p' }),
    { x: { y: [1, 'z', null] }, ...AES, creator_id: 'c', external_project_id: 'p', ...EMPTY },
  ],
  [
    'members that mean something to JavaScript',
    key(
      JSON.parse(
        '{"__proto__": {"name": "x"}, "algorithm": "aes", "bit_length": 256, "constructor": 1}',
      ) as Shown,
    ),
    JSON.parse(
      '{"__proto__": {"name": "x"}, "algorithm": "aes", "bit_length": 256, "constructor": 1, "name": null, "expiration": null}',
    ) as Shown,
  ],
  ['a passphrase', pair({ ...RSA, passphrase: 'hush' }), { ...RSA, ...EMPTY }],
  ['the name a client gives it', pair({ pass_phrase: 'hush', ...RSA }), { ...RSA, ...EMPTY }],
  ['a passphrase of 1024 bytes', pair({ ...RSA, passphrase: 'é'.repeat(512) }), { ...RSA, ...EMPTY }],
  ['no passphrase', pair({ ...RSA, passphrase: '', pass_phrase: null }), { ...RSA, ...EMPTY }],
  ['a passphrase of a key', key({ ...AES, passphrase: 5 }), { ...AES, ...EMPTY }],
  [
    'other members beside `meta`',
    { ...key(), status: 'ACTIVE', id: 'x', creator_id: 5 },
    { ...AES, ...EMPTY },
  ],
];

describeDatabases('POST /v1/orders', (dialect) => {
  const app = broker(dialect);

  for (const [name, body, stored] of ACCEPTED) {
    it(`accepts ${name}`, async () => {
      const answer = await app().request('POST', '/v1/orders/', { body });
      expect(answer.status, answer.text).to.equal(202);
      const ref = String(answer.json?.['order_ref']);
      expect(answer.text).to.equal(JSON.stringify({ order_ref: ref }));
      expect(ref).to.match(new RegExp(`^${app().url}/v1/orders/${UUID4}$`));
      expect(answer.headers.location).to.equal(ref);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      const pending = await app().request('GET', new URL(ref).pathname);
      const { created, updated } = pending.json ?? {};
      expect(pending.text).to.equal(
        JSON.stringify({
          created,
          updated,
          status: 'PENDING',
          type: body['type'],
          meta: stored,
          creator_id: 'u-owner',
          order_ref: ref,
        }),
      );
    });
  }

  it('takes bits written as a float without fraction', async () => {
    const headers = { 'Content-Type': JSON_TYPE };
    const body = '{"type": "key", "meta": {"algorithm": "aes", "bit_length": 256.0}}';
    expect((await app().request('POST', '/v1/orders', { body, headers })).status).to.equal(202);
  });

  it('refuses first by policy, then by type, then by what is written', async () => {
    const types = "Unexpected content type. Expected content types are: ['application/json']";
    const text = { body: '{', headers: { 'Content-Type': 'text/plain' } };
    for (const as of [NOBODY, READER])
      expectError(await app().request('POST', '/v1/orders', { ...text, as }), 403, denied('Order creation'));
    expectError(await app().request('POST', '/v1/orders', text), 415, types);
    const json = { body: '{', headers: { 'Content-Type': JSON_TYPE } };
    expectError(await app().request('POST', '/v1/orders', json), 400, 'Malformed JSON');
    const accept = { body: key(), headers: { 'Content-Type': JSON_TYPE, Accept: 'text/plain' } };
    expectError(await app().request('POST', '/v1/orders', { ...accept, as: NOBODY }), 406, null);
  });

  it('is refused over the quota, and nothing is placed', async () => {
    const as = { user: 'u', project: 'p-quota', roles: ['creator'] };
    const admin = { user: 'k', project: 'p-k', roles: ['key-manager:service-admin'] };
    const body = { project_quotas: { orders: 1 } };
    expect((await app().request('PUT', '/v1/project-quotas/p-quota', { as: admin, body })).status).to.equal(
      204,
    );
    expect((await app().request('POST', '/v1/orders', { as, body: key() })).status).to.equal(202);
    expectError(
      await app().request('POST', '/v1/orders', { as, body: pair({ ...RSA, passphrase: 'hush' }) }),
      403,
      'Order creation issue seen - Creation not allowed because a quota has been reached.',
    );
    expect((await app().request('GET', '/v1/orders', { as })).json?.['total']).to.equal(1);
    const rows = (await app().broker.database.knex('secrets').where({ project_id: 'p-quota' })) as unknown[];
    expect(rows).to.have.length(0);
  });
});
