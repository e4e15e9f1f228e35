import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { secretId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { createSecretAclRepository } from '../../src/repositories/secret-acls.ts';
import { OWNER, type Answer, type TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { auditOf, BINARY, broker, created, expectError, NOWHERE, TEXT } from './wire.ts';

/** Its decision is the one that the user agent names in the operator's data. */
const BUNDLE = fileURLToPath(new URL('../policy/fixtures/chosen.tar.gz', import.meta.url));

const ALLOWED = { allow: true, reasons: [{ code: 'chosen' }], filter: null, obligations: {} };
const field = (name: string, operator: string, value: unknown) => ({
  type: 'field',
  field: name,
  operator,
  value,
});
const compound = (operator: string, ...value: readonly unknown[]) => ({ type: 'compound', operator, value });
const mine = field('project_id', 'eq', OWNER.project);
const EVERYTHING = { type: 'const', value: true };

/** What there is to choose from, by name. */
const SECRETS: readonly object[] = [
  { name: 'aes', algorithm: 'aes', mode: 'cbc', bit_length: 256, secret_type: 'symmetric', ...BINARY },
  { name: 'rsa', algorithm: 'rsa', bit_length: 2048, secret_type: 'private' },
  { name: '100%', algorithm: 'r_a', ...TEXT, secret_type: 'passphrase' },
  { name: 'short', expiration: '2999-01-01T00:00:00' },
];

/** A filter of the policy's, and the names of what it lets through. The last two of all belong to another project. */
const FILTERS: readonly [what: string, filter: unknown, names: readonly string[]][] = [
  ['a project', mine, ['aes', 'rsa', '100%', 'short']],
  ['every project', EVERYTHING, ['aes', 'rsa', '100%', 'short', 'foreign', 'shared']],
  ['nothing', { type: 'const', value: false }, []],
  ['a creator', field('creator_id', 'eq', 'u-foreign'), ['foreign', 'shared']],
  ['not a creator', field('creator_id', 'ne', 'u-foreign'), ['aes', 'rsa', '100%', 'short']],
  ['a store', field('store', 'eq', 'software'), ['aes', '100%']],
  ['no store', field('store', 'eq', null), ['rsa', 'short', 'foreign', 'shared']],
  ['any store', field('store', 'ne', null), ['aes', '100%']],
  ['a name', field('name', 'eq', 'rsa'), ['rsa']],
  ['part of a name', field('name', 'contains', 's'), ['aes', 'rsa', 'short', 'shared']],
  ['part of a name that SQL would read otherwise', field('name', 'contains', '%'), ['100%']],
  ['the beginning of a name', field('name', 'startswith', 's'), ['short', 'shared']],
  ['an algorithm that SQL would read otherwise', field('algorithm', 'startswith', 'r_'), ['100%']],
  ['types', field('secret_type', 'in', ['private', 'symmetric']), ['aes', 'rsa']],
  ['other types', field('type', 'nin', ['private', 'symmetric']), ['100%', 'short', 'foreign', 'shared']],
  ['none of no types', field('secret_type', 'in', []), []],
  ['a mode', field('mode', 'eq', 'cbc'), ['aes']],
  ['a length', field('bit_length', 'gt', 256), ['rsa']],
  ['a length and more', field('bit_length', 'gte', 256), ['aes', 'rsa']],
  ['less than a length', field('bit_length', 'lt', 2048), ['aes']],
  ['a length and less', field('bit_length', 'lte', 2048), ['aes', 'rsa']],
  ['what expires late', field('expires_at', 'gt', '2500-01-01T00:00:00'), ['short']],
  [
    'what was created before now',
    field('created_at', 'lt', '2500'),
    ['aes', 'rsa', '100%', 'short', 'foreign', 'shared'],
  ],
  [
    'the status of all',
    field('status', 'eq', 'ACTIVE'),
    ['aes', 'rsa', '100%', 'short', 'foreign', 'shared'],
  ],
  ['a status of none', field('status', 'eq', 'PENDING'), []],
  ['who is on a list', field('acl.read.users', 'contains', 'u-reader'), ['shared']],
  ['private ones', field('acl.read.project_access', 'eq', false), ['shared']],
  [
    'those that are not private',
    field('acl.read.project_access', 'ne', false),
    ['aes', 'rsa', '100%', 'short', 'foreign'],
  ],
  ['two conditions', compound('and', mine, field('algorithm', 'eq', 'rsa')), ['rsa']],
  [
    'either of two',
    compound('or', field('name', 'eq', 'aes'), field('name', 'eq', 'foreign')),
    ['aes', 'foreign'],
  ],
  [
    'not',
    compound('not', compound('or', field('name', 'eq', 'aes'), field('creator_id', 'eq', 'u-foreign'))),
    ['rsa', '100%', 'short'],
  ],
  [
    'and within or',
    compound('or', compound('and', mine, field('mode', 'eq', 'cbc')), field('name', 'eq', 'shared')),
    ['aes', 'shared'],
  ],
];

/** Conditions that the database cannot be asked. Whoever gets one of them sees nothing at all. */
const REFUSED: readonly [what: string, filter: unknown][] = [
  ['an unknown field', field('payload', 'eq', 'x')],
  ['an unknown operator', field('name', 'matches', 'x')],
  ['a list where a text belongs', field('name', 'eq', ['a'])],
  ['no list where one belongs', field('name', 'in', 'a')],
  ['an unknown compound', compound('xor', mine)],
  ['an empty compound', compound('and')],
  ['no filter at all', null],
  ['SQL as a field', field("name' or 1=1 --", 'eq', 'x')],
];

const decisions: Record<string, unknown> = {
  allowed: ALLOWED,
  listing: { ...ALLOWED, filter: EVERYTHING },
  warned: { ...ALLOWED, obligations: { warn: 'goes away in May' } },
  'warned oddly': { ...ALLOWED, obligations: { warn: 'in Mai\r\nSet-Cookie: a=b \u2026 soon' } },
  redacted: { ...ALLOWED, obligations: { redact: ['creator_id', 'name'] } },
  'redacted list': { ...ALLOWED, filter: EVERYTHING, obligations: { redact: ['creator_id'] } },
  placed: { ...ALLOWED, obligations: { store: 'second' } },
  'placed nowhere': { ...ALLOWED, obligations: { store: 'elsewhere' } },
  durable: { ...ALLOWED, obligations: { audit: 'sync' } },
  concealed: { ...ALLOWED, allow: false, obligations: { conceal: true } },
  denied: { ...ALLOWED, allow: false },
  ...Object.fromEntries([...FILTERS, ...REFUSED].map(([what, filter]) => [what, { ...ALLOWED, filter }])),
};

const STORE = (name: string, byte: number) => ({
  name,
  kind: 'simple_crypto',
  master_keys: [{ id: name, key: Buffer.alloc(32, byte).toString('base64') }],
});

const CONFIG = {
  policy: { bundle: BUNDLE, data: { chosen: decisions } },
  stores: { default: 'software', configured: [STORE('software', 1), STORE('second', 2)] },
};
const as = (decision: string) => ({ headers: { 'User-Agent': decision } });
const asking =
  (app: () => TestApp) =>
  (decision: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    app().request(method, path, {
      ...as(decision),
      undescribed: decision.startsWith('redacted'),
      ...(body === undefined ? {} : { body }),
    });

describeDatabases('what a policy demands of a list', (dialect) => {
  const app = broker(dialect, CONFIG);
  const ask = asking(app);
  before(async () => {
    for (const secret of SECRETS) await created(app(), secret, as('allowed'));
    await foreign(app(), 'foreign');
    const shared = await foreign(app(), 'shared');
    const { database } = app().broker;
    const id = secretId(shared.split('/').at(-1)!);
    await createSecretAclRepository(database).put(id, { users: ['u-reader'], projectAccess: false }, now());
  });
  const foreign = (to: TestApp, name: string): Promise<string> =>
    created(to, { name }, { ...as('allowed'), as: { user: 'u-foreign', project: 'p-2', roles: [] } });

  for (const [what, , names] of FILTERS) {
    it(`lets through ${what}`, async () => {
      const { status, json, text } = await ask(what, 'GET', '/v1/secrets');
      expect(status, text).to.equal(200);
      const found = (json?.['secrets'] as readonly { name: string }[]).map(({ name }) => name);
      expect(found).to.deep.equal(names);
      expect(json?.['total']).to.equal(names.length);
    });
  }
  for (const [what] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const answer = await ask(what, 'GET', '/v1/secrets');
      expect(answer.status, answer.text).to.equal(403);
      expect(answer.text).to.not.include('secret_ref');
    });
  }
  it('leaves fields out of every item', async () => {
    const { json } = await ask('redacted list', 'GET', '/v1/secrets?limit=3');
    const items = json?.['secrets'] as readonly Record<string, unknown>[];
    expect(items).to.have.length(3);
    for (const item of items) expect(item).to.have.property('name').and.not.have.property('creator_id');
  });
});

describeDatabases('what a policy demands of one request', (dialect) => {
  const app = broker(dialect, CONFIG);
  const ask = asking(app);

  it('sends a warning, in one line of ASCII', async () => {
    const path = await created(app(), {}, as('allowed'));
    expect((await ask('warned', 'GET', path)).headers['x-policy-warning']).to.equal('goes away in May');
    const odd = await ask('warned oddly', 'GET', path);
    expect(odd.status).to.equal(200);
    expect(odd.headers['x-policy-warning']).to.equal('in Mai??Set-Cookie: a=b ? soon');
    expect(odd.headers).to.not.have.property('set-cookie');
    expect((await ask('allowed', 'GET', path)).headers).to.not.have.property('x-policy-warning');
  });

  it('leaves fields out', async () => {
    const path = await created(app(), { name: 'n', algorithm: 'aes' }, as('allowed'));
    const { json } = await ask('redacted', 'GET', path);
    expect(json).to.include({ algorithm: 'aes', status: 'ACTIVE' });
    expect(json).to.not.have.any.keys('creator_id', 'name');
  });

  it('puts a payload where it says, in one step and in two', async () => {
    const one = await created(app(), TEXT, as('placed'));
    const two = await created(app(), {}, as('allowed'));
    await app().request('PUT', two, {
      headers: { 'User-Agent': 'placed', 'Content-Type': 'text/plain' },
      body: 'later',
    });
    for (const [path, text] of [
      [one, TEXT.payload],
      [two, 'later'],
    ] as const) {
      const id = path.split('/').at(-1)!;
      const row = (await app().broker.database.knex('secrets').where({ id }).first()) as { store: string };
      expect(row.store).to.equal('second');
      expect((await ask('allowed', 'GET', `${path}/payload`)).text).to.equal(text);
    }
  });

  it('stores nothing, and says so in the audit, when it names a store that is not there', async () => {
    const answer = await ask('placed nowhere', 'POST', '/v1/secrets', { name: 'lost', ...TEXT });
    expect(answer.status).to.equal(403);
    const { knex } = app().broker.database;
    expect(await knex('secrets').where({ name: 'lost' })).to.deep.equal([]);
    const lines = await auditOf(app(), answer);
    expect(lines.map(({ kind, status: answered }) => [kind, answered])).to.deep.equal([
      ['intent', undefined],
      ['outcome', 403],
    ]);
  });

  it('refuses as told: hidden, to the letter an unknown id, or openly', async () => {
    const path = await created(app(), {}, as('allowed'));
    const hidden = await ask('concealed', 'GET', path);
    expectError(hidden, 404, 'Secret not found.');
    const unknown = await ask('allowed', 'GET', `/v1/secrets/${NOWHERE}`);
    expect(hidden.text).to.equal(unknown.text);
    expect(hidden.headers).to.not.have.property('x-policy-decision');
    const open = await ask('denied', 'GET', path);
    expect(open.status).to.equal(403);
    expect(open.headers['x-policy-decision']).to.match(/^[0-9a-f-]{36}$/);
  });

  it('serves a request whose intent must be on the disk first', async () => {
    const path = await created(app(), TEXT, as('allowed'));
    expect((await ask('durable', 'GET', `${path}/payload`)).text).to.equal(TEXT.payload);
  });
});
