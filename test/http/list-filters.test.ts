import { expect } from 'chai';
import { secretId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { createSecretAclRepository } from '../../src/repositories/secret-acls.ts';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  BINARY,
  broker,
  created,
  denied,
  expectError,
  freshProject,
  JSON_TYPE,
  NOBODY,
  TEXT,
} from './wire.ts';

const REFUSED = 'URI provided invalid query string parameters.';

/** What the filters choose from, by name. */
const SECRETS: readonly object[] = [
  { name: 'aes', algorithm: 'AES', mode: 'cbc', bit_length: 256, secret_type: 'symmetric', ...BINARY },
  { name: 'AES', algorithm: 'aes', mode: 'CBC', bit_length: 128, secret_type: 'symmetric' },
  { name: 'a%', algorithm: 'rsa', mode: 'c_c', bit_length: 2048, secret_type: 'private' },
  { name: 'a_s', algorithm: 'a%', bit_length: 2048, secret_type: 'public' },
  { name: 'a b+c', ...TEXT, secret_type: 'passphrase' },
  { name: 'ключ' },
  { name: '' },
  {},
];
const ALL = ['aes', 'AES', 'a%', 'a_s', 'a b+c', 'ключ', '', null];

/** The query as sent, and the names of what it finds, in order of creation. */
const FILTERS: readonly [query: string, names: readonly (string | null)[]][] = [
  ['', ALL],
  ['name=aes', ['aes']],
  ['name=AES', ['AES']],
  ['name=a%25', ['a%']],
  ['name=a_s', ['a_s']],
  ['name=%25', []],
  ['name=_es', []],
  ['name=a+b%2Bc', ['a b+c']],
  ['name=a%20b%2Bc', ['a b+c']],
  ['name=a%2Bb%2Bc', []],
  ['name=a%252Bb', []],
  ['name=%D0%BA%D0%BB%D1%8E%D1%87', ['ключ']],
  ['name=nobody', []],
  ['name=null', []],
  ["name='%20or%201=1--", []],
  ['name=', ALL],
  ['alg=AES', ['aes']],
  ['alg=aes', ['AES']],
  ['alg=a%25', ['a_s']],
  ['alg=none', []],
  ['alg=', ALL],
  ['mode=cbc', ['aes']],
  ['mode=c_c', ['a%']],
  ['mode=', ALL],
  ['bits=256', ['aes']],
  ['bits=2048', ['a%', 'a_s']],
  ['bits=+256', ['aes']],
  ['bits=0256', ['aes']],
  ['bits=3', []],
  ['bits=99999999999999999999', []],
  ['bits=4294967552', []],
  ...['', '0', '-256', 'abc', '256.0', '2e3', '0x100', 'null'].map(
    (bits): [string, readonly (string | null)[]] => [`bits=${bits}`, ALL],
  ),
  ['secret_type=symmetric', ['aes', 'AES']],
  ['secret_type=opaque', ['ключ', '', null]],
  ['secret_type=SYMMETRIC', []],
  ['secret_type=unknown', []],
  ['secret_type=', ALL],
  ['secret_type=symmetric&bits=128', ['AES']],
  ['name=aes&alg=AES&mode=cbc&bits=256&secret_type=symmetric', ['aes']],
  ['name=aes&alg=aes', []],
  ['algorithm=rsa&bit_length=1&status=ERROR&foo=bar', ALL],
  ['Name=aes', ALL],
  ['acl_only=false', ALL],
  ['acl_only=1', ALL],
  ['acl_only=', ALL],
];

describeDatabases('GET /v1/secrets', (dialect) => {
  const app = broker(dialect);
  const me = freshProject();
  before(async () => {
    for (const body of SECRETS) await created(app(), body, { as: me });
  });
  const list = (query: string, as: Persona = me): Promise<Answer> =>
    app().request('GET', `/v1/secrets?${query}`, { as });

  for (const [query, names] of FILTERS) {
    it(`?${query} finds ${names.length}`, async () => {
      const answer = await list(query);
      expect(answer.status, answer.text).to.equal(200);
      expect(namesIn(answer)).to.deep.equal(names);
      expect(answer.json?.['total']).to.equal(names.length);
    });
  }

  it('a text no name can hold is refused', async () => {
    expectError(await list('name=a%00b'), 400, REFUSED);
  });

  it('an empty project is an empty list', async () => {
    const answer = await list('', freshProject());
    expect(answer.text).to.equal('{"secrets":[],"total":0}');
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
  });

  it('shows what reading one shows', async () => {
    const answer = await list('name=aes');
    const [secret] = answer.json?.['secrets'] as [{ secret_ref: string }];
    const one = await app().request('GET', new URL(secret.secret_ref).pathname, { as: me });
    expect(JSON.stringify(secret)).to.equal(one.text);
  });

  it('shows nothing of other projects', async () => {
    const other = freshProject();
    await created(app(), { name: 'theirs' }, { as: other });
    expect(namesIn(await list('name=theirs'))).to.deep.equal([]);
    expect(namesIn(await list('', other))).to.deep.equal(['theirs']);
  });

  it('shows the private secrets of others, as records', async () => {
    const mine = freshProject();
    const path = await created(app(), { name: 'private', ...TEXT }, { as: mine });
    await share(path, [], false);
    const peer: Persona = { ...mine, user: 'u-peer' };
    expect((await app().request('GET', path, { as: peer })).status).to.equal(403);
    expect(namesIn(await list('', peer))).to.deep.equal(['private']);
  });

  it('shows with acl_only what was shared with the caller, of any project', async () => {
    const stranger: Persona = { ...freshProject(), user: `u-${me.project}` };
    const [shared] = [await created(app(), { name: 'shared' }, { as: freshProject() })];
    await share(shared, [stranger.user, 'u-else'], true);
    await created(app(), { name: 'own' }, { as: stranger });
    for (const word of ['true', 'TRUE', 'True']) {
      const answer = await list(`acl_only=${word}`, stranger);
      expect([namesIn(answer), answer.json?.['total']]).to.deep.equal([['shared'], 1]);
    }
    expect(namesIn(await list('acl_only=true&name=own', stranger))).to.deep.equal([]);
    expect(namesIn(await list('', stranger))).to.deep.equal(['own']);
  });

  it('needs a role', async () => {
    for (const query of ['', 'acl_only=true', 'sort=bogus']) {
      expectError(await list(query, NOBODY), 403, denied('Secret(s) retrieval'));
    }
  });

  async function share(path: string, users: readonly string[], projectAccess: boolean): Promise<void> {
    const acls = createSecretAclRepository(app().broker.database);
    await acls.put(secretId(path.split('/').at(-1) ?? ''), { users, projectAccess }, now());
  }
});

function namesIn(answer: Answer): readonly (string | null)[] {
  const secrets = answer.json?.['secrets'] as readonly { readonly name: string | null }[];
  return secrets.map(({ name }) => name);
}
