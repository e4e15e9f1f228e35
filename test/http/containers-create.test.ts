import { expect } from 'chai';
import { OWNER, type Answer, type TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { aContainer, idIn, raw, refOf, shown, STRANGER, UNEXPECTED } from './containers-objects.ts';
import {
  broker,
  created,
  denied,
  expectError,
  JSON_TYPE,
  mismatch,
  NOBODY,
  NOWHERE,
  READER,
  UUID4,
} from './wire.ts';

/** A member as sent: `$a`, `$b`, `$c` in a reference are secrets of the project. */
interface Ref {
  readonly name?: string | null;
  readonly secret_ref: string;
}
const a = { secret_ref: '$a' };
const b = { secret_ref: '$b' };
const c = { secret_ref: '$c' };
const as = (name: string | null, ref: Ref): Ref => ({ name, ...ref });
const long = 'n'.repeat(255);

const ACCEPTED: readonly [what: string, body: object, name: string | null, members: readonly string[]][] = [
  ['a type alone', { type: 'generic' }, null, []],
  ['an empty list', { type: 'generic', secret_refs: [] }, null, []],
  ['a name', { type: 'generic', name: 'c' }, 'c', []],
  ['an empty name', { type: 'generic', name: '' }, '', []],
  ['a blank name', { type: 'generic', name: ' \n' }, '', []],
  ['no name', { type: 'generic', name: null }, null, []],
  ['a long name', { type: 'generic', name: long }, long, []],
  ['255 characters of four bytes', { type: 'generic', name: '🔑'.repeat(255) }, '🔑'.repeat(255), []],
  ['an empty rsa container', { type: 'rsa' }, null, []],
  ['an empty certificate container', { type: 'certificate', secret_refs: [] }, null, []],
  ['what nobody knows', { type: 'generic', foo: 1, status: 'x', external_project_id: 'p' }, null, []],
  ['a member', { type: 'generic', secret_refs: [as('x', a)] }, null, ['x $a']],
  ['a trimmed member', { type: 'generic', secret_refs: [as(' x ', a)] }, null, ['x $a']],
  ['an unnamed member', { type: 'generic', secret_refs: [a] }, null, ['null $a']],
  ['a member named null', { type: 'generic', secret_refs: [as(null, a)] }, null, ['null $a']],
  ['a member named nothing', { type: 'generic', secret_refs: [as('', a)] }, null, [' $a']],
  ['unnamed and null', { type: 'generic', secret_refs: [a, as(null, b)] }, null, ['null $a', 'null $b']],
  ['null and nothing', { type: 'generic', secret_refs: [as(null, a), as('', b)] }, null, ['null $a', ' $b']],
  ['a slash at the end', { type: 'generic', secret_refs: [{ secret_ref: '$a/' }] }, null, ['null $a']],
  [
    'members in their order',
    { type: 'generic', secret_refs: [as('z', c), as('m', a), as('b', b)] },
    null,
    ['z $c', 'm $a', 'b $b'],
  ],
  [
    'an rsa pair',
    { type: 'rsa', secret_refs: [as('public_key', a), as('private_key', b)] },
    null,
    ['public_key $a', 'private_key $b'],
  ],
  [
    'an rsa pair with passphrase',
    {
      type: 'rsa',
      secret_refs: [as('private_key_passphrase', c), as('public_key', a), as('private_key', b)],
    },
    null,
    ['private_key_passphrase $c', 'public_key $a', 'private_key $b'],
  ],
  ['a certificate', { type: 'certificate', secret_refs: [as('certificate', a)] }, null, ['certificate $a']],
  [
    'a certificate with more',
    {
      type: 'certificate',
      secret_refs: [as('intermediates', c), as('certificate', a), as('private_key', b)],
    },
    null,
    ['intermediates $c', 'certificate $a', 'private_key $b'],
  ],
];

const bad = (why: string, property: string): string => mismatch(why, property, 'Container');
const refs = (why: string): string => bad(why, 'secret_refs');
const TYPES = "['generic', 'rsa', 'certificate']";
const DUPLICATE_NAMES = refs('Duplicate reference names are not allowed');
const DUPLICATE_IDS = refs('Duplicate secret ids are not allowed');
const NOT_SUPPORTED = 'Provided field value is not supported';
const RSA_OTHER = refs(
  "only 'private_key', 'public_key' and 'private_key_passphrase' reference names are allowed for RSA type",
);
const RSA_MISSING = refs(
  "The minimum required reference names are 'public_key' and'private_key' for RSA type",
);
const CERTIFICATE_OTHER = refs(
  "only 'private_key', 'certificate' , 'private_key_passphrase',  or 'intermediates' reference names are allowed for Certificate type",
);
const CERTIFICATE_MISSING = refs("The minimum required reference name is 'certificate' for Certificate type");
const generic = (...secret_refs: unknown[]): object => ({ type: 'generic', secret_refs });
const rsa = (...secret_refs: unknown[]): object => ({ type: 'rsa', secret_refs });
const certificate = (...secret_refs: unknown[]): object => ({ type: 'certificate', secret_refs });
const elsewhere = (name: string | null): Ref => ({ name, secret_ref: `http://x.test/v1/secrets/${NOWHERE}` });

/** The rules of the body, each also together with every later one it can be broken with. */
const REFUSED: readonly [what: string, body: unknown, description: string][] = [
  ['a list', [], bad("[] is not of type 'object'", 'None')],
  ['null', null, bad("None is not of type 'object'", 'None')],
  ['no type', {}, bad("'type' is a required property", 'None')],
  ['another type', { type: 'Generic' }, bad(`'Generic' is not one of ${TYPES}`, 'type')],
  ['dsa', { type: 'dsa' }, bad(`'dsa' is not one of ${TYPES}`, 'type')],
  ['a null type', { type: null }, bad(`None is not one of ${TYPES}`, 'type')],
  ['a number for a name', { type: 'rsa', name: 5 }, bad("5 is not of type 'string', 'null'", 'name')],
  ['a long name', { type: 'rsa', name: `${long}n` }, bad(`'${long}n' is too long`, 'name')],
  [
    'a name no database can hold',
    { type: 'rsa', name: 'a\0b' },
    bad("'a\0b' contains a character that cannot be stored", 'name'),
  ],
  ['members that are none', { type: 'rsa', secret_refs: 'x' }, refs("'x' is not of type 'array'")],
  ['null for members', { type: 'rsa', secret_refs: null }, refs("None is not of type 'array'")],
  ['a text for a member', generic('x'), refs("'x' is not of type 'object'")],
  ['no reference', generic({ name: 'x' }), refs("'secret_ref' is a required property")],
  ['an empty reference', generic({ secret_ref: '  ' }), refs("'' should be non-empty")],
  ['a number for a reference', generic({ secret_ref: 5 }), refs("5 is not of type 'string'")],
  ['a long member name', generic(as(`${long}n`, a)), refs(`'${long}n' is too long`)],
  ['a number for a member name', generic({ ...a, name: 5 }), refs("5 is not of type 'string', 'null'")],
  [
    'a member name no database can hold',
    generic(as('\0', a)),
    refs("'\0' contains a character that cannot be stored"),
  ],
  ['1: equal names', generic(as('x', a), as('x', b)), DUPLICATE_NAMES],
  ['1: a missing name and an empty one', generic(a, as('', b)), DUPLICATE_NAMES],
  ['1: two missing names', generic(a, b), DUPLICATE_NAMES],
  ['1: two null names', generic(as(null, a), as(null, b)), DUPLICATE_NAMES],
  ['1: equal names before all else', rsa(elsewhere('x'), elsewhere('x')), DUPLICATE_NAMES],
  ['2: equal ids', generic(as('x', a), as('y', a)), DUPLICATE_IDS],
  ['2: equal ids, one with a slash', generic(as('x', a), as('y', { secret_ref: '$a/' })), DUPLICATE_IDS],
  ['2: equal ids before a foreign host', rsa(elsewhere('x'), elsewhere('y')), DUPLICATE_IDS],
  ['3: a foreign host', generic(elsewhere('x')), NOT_SUPPORTED],
  ['3: a bare id', generic({ secret_ref: NOWHERE }), NOT_SUPPORTED],
  ['3: a foreign host before the names of the type', rsa(elsewhere('x')), NOT_SUPPORTED],
  ['4: another name', rsa(as('public_key', a), as('private_key', b), as('x', c)), RSA_OTHER],
  ['4: names in capitals', rsa(as('PUBLIC_KEY', a), as('private_key', b)), RSA_OTHER],
  ['4: no name', rsa(a), RSA_OTHER],
  ['4: null', rsa(as(null, a)), RSA_OTHER],
  ['4: another name before a missing one', rsa(as('certificate', a)), RSA_OTHER],
  ['5: no private key', rsa(as('public_key', a)), RSA_MISSING],
  ['5: no public key', rsa(as('private_key', a), as('private_key_passphrase', b)), RSA_MISSING],
  ['5: a missing name before a missing secret', rsa(as('public_key', { secret_ref: '$none' })), RSA_MISSING],
  ['6: another name', certificate(as('certificate', a), as('public_key', b)), CERTIFICATE_OTHER],
  ['6: no name', certificate(a), CERTIFICATE_OTHER],
  ['7: no certificate', certificate(as('private_key', a), as('intermediates', b)), CERTIFICATE_MISSING],
  [
    '7: before a missing secret',
    certificate(as('private_key', { secret_ref: '$none' })),
    CERTIFICATE_MISSING,
  ],
];

/** References to what the caller's project has no use of. */
const UNUSABLE: readonly [what: string, ref: string][] = [
  ['an unknown secret', '$none'],
  ['a secret of another project', '$foreign'],
  ['a deleted secret', '$deleted'],
  ['no id', '$base'],
  ['an id in capitals', '$capitals'],
  ['an id with a zero character', '$base/v1/secrets/\0'],
  ['two slashes at the end', '$a//'],
];

describeDatabases('POST /v1/containers', (dialect) => {
  const app = broker(dialect);
  const secrets = new Map<string, string>();
  before(async () => {
    for (const name of ['$a', '$b', '$c', '$deleted']) secrets.set(name, await created(app()));
    await app().request('DELETE', String(secrets.get('$deleted')));
    secrets.set('$foreign', await created(app(), {}, { as: STRANGER }));
    secrets.set('$none', `/v1/secrets/${NOWHERE}`);
    secrets.set('$capitals', String(secrets.get('$a')).toUpperCase());
    secrets.set('$base', '');
  });
  const filled = (body: unknown): string =>
    JSON.stringify(body).replaceAll(/\$[a-z]+/g, (name) => refOf(app(), String(secrets.get(name))));
  const post = (body: unknown): Promise<Answer> => app().request('POST', '/v1/containers', raw(filled(body)));

  for (const [what, body, name, members] of ACCEPTED) {
    it(`takes ${what}`, async () => {
      const answer = await post(body);
      expect(answer.status, answer.text).to.equal(201);
      const ref = String(answer.headers.location);
      expect(ref).to.match(new RegExp(`^${app().url}/v1/containers/${UUID4}$`));
      expect(answer.text).to.equal(JSON.stringify({ container_ref: ref }));
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      const container = await shown(app(), new URL(ref).pathname);
      expect(container.name).to.equal(name);
      expect(container.secret_refs.map((one) => `${one.name} ${one.secret_ref}`)).to.deep.equal(
        members.map((member) => filled(member).slice(1, -1)),
      );
    });
  }

  for (const [what, body, description] of REFUSED) {
    it(`refuses ${what}`, async () => expectError(await post(body), 400, description));
  }

  for (const [what, ref] of UNUSABLE) {
    it(`has no use of ${what}`, async () => {
      const named = await post(generic(as('x', a), as('y', { secret_ref: ref })));
      expectError(named, 404, "Secret provided for 'y' doesn't exist.");
      const unnamed = await post(generic({ secret_ref: ref }));
      expectError(unnamed, 404, "Secret provided for 'None' doesn't exist.");
    });
  }

  it('names the first of the secrets that are missing', async () => {
    const missing = generic(
      as('x', a),
      as('y', { secret_ref: '$none' }),
      as('z', { secret_ref: '$deleted' }),
    );
    expectError(await post(missing), 404, "Secret provided for 'y' doesn't exist.");
  });

  it('leaves nothing behind when it refuses', async () => {
    const total = async (): Promise<unknown> =>
      (await app().request('GET', '/v1/containers')).json?.['total'];
    const before = await total();
    await post(generic(as('x', a), as('y', { secret_ref: '$none' })));
    await post(rsa(as('public_key', a)));
    expect(await total()).to.equal(before);
  });

  it('refuses a body that is none', async () => {
    const sent = (options: object): Promise<Answer> => app().request('POST', '/v1/containers', options);
    expectError(await sent({ body: '{"type": "generic"}' }), 415, UNEXPECTED);
    expectError(await sent({ body: '{}', headers: { 'Content-Type': 'application/JSON' } }), 415, UNEXPECTED);
    expectError(await sent(raw('')), 400, 'Malformed JSON');
    expectError(await sent(raw('{"type"')), 400, 'Malformed JSON');
    const large = JSON.stringify({ type: 'generic', padding: 'x'.repeat(25_000) });
    expectError(await sent(raw(large)), 413, 'Provided information too large to process');
  });

  it('refuses a caller without the role before it reads the body, and an Accept before that', async () => {
    for (const persona of [READER, NOBODY]) {
      const answer = await app().request('POST', '/v1/containers', { body: '{', as: persona });
      expectError(answer, 403, denied('Container creation'));
    }
    const headers = { Accept: 'text/plain' };
    expectError(await app().request('POST', '/v1/containers', { headers, as: NOBODY }), 406, null);
  });

  it('takes as many members as fit into a request', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 120; n += 1) ids.push(await created(app()));
    const body = generic(...ids.map((path, n) => ({ name: `m${n}`, secret_ref: refOf(app(), path) })));
    const answer = await post(body);
    expect(answer.status, answer.text).to.equal(201);
    const container = await shown(app(), new URL(String(answer.headers.location)).pathname);
    expect(container.secret_refs.map((ref) => ref.name)).to.deep.equal(ids.map((_, n) => `m${n}`));
  });

  it('tells the audit what it made', async () => {
    const id = idIn(await aContainer(app()));
    const outcome = await outcomeNaming(app(), id);
    expect(outcome, 'an outcome that names the container').to.contain('containers:post');
    expect(outcome).to.contain(`"${OWNER.project}"`);
  });
});

/** The outcome is written a moment after the answer. */
async function outcomeNaming(app: TestApp, id: string): Promise<string> {
  for (let turn = 0; ; turn += 1) {
    const lines = app.audited().split('\n');
    const found = lines.find((line) => line.includes('"kind":"outcome"') && line.includes(id));
    if (found !== undefined || turn > 100) return found ?? '';
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
