import { expect } from 'chai';
import { secretId } from '../../src/model/ids.ts';
import { timestamp } from '../../src/model/timestamp.ts';
import { OWNER, type Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  aContainer,
  CONTAINER_INVALID,
  CONTAINER_MISSING,
  idIn,
  list,
  LISTED,
  membersOf,
  PEER,
  refOf,
  shown,
  STRANGER,
  withMember,
} from './containers-objects.ts';
import {
  broker,
  created,
  denied,
  expectError,
  expectNoContent,
  JSON_TYPE,
  NOBODY,
  NOWHERE,
  READER,
  serveBeside,
} from './wire.ts';

const LATER = timestamp('2099-01-01T00:00:00.000000');
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;
const PATHS = ['', '/secrets', '/secrets/x', '/consumers', `/consumers/${NOWHERE}`];

/** Whatever is tried on it, and by whom: the path comes first. */
const ADDRESSES: readonly [id: string, description: string][] = [
  [NOWHERE, CONTAINER_MISSING],
  ['x', CONTAINER_INVALID],
  [NOWHERE.toUpperCase(), CONTAINER_INVALID],
  [NOWHERE.replaceAll('-', ''), CONTAINER_INVALID],
  ['7c9e6679-7425-10de-944b-e07fc1f90ae7', CONTAINER_INVALID],
  ['%00', CONTAINER_INVALID],
];

const METHODS: readonly [path: string, allow: string, others: readonly string[]][] = [
  ['', 'DELETE, GET', ['PUT', 'POST', 'PATCH', 'HEAD', 'TRACE']],
  ['/secrets', 'DELETE, POST', ['GET', 'PUT', 'PATCH', 'HEAD']],
  ['/secrets/x', 'DELETE, POST', ['GET', 'PUT']],
  ['/consumers', 'DELETE, GET, POST', ['PUT', 'PATCH', 'HEAD']],
];

describeDatabases('/v1/containers/{id}', (dialect) => {
  const app = broker(dialect);

  it('shows everything, in this order, and nothing else', async () => {
    const secret = await created(app());
    const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
    const path = await aContainer(app(), { name: 'c', secret_refs: refs });
    const answer = await app().request('GET', path);
    const { created: at, updated } = await shown(app(), path);
    expect(at).to.match(TIME);
    expect(updated).to.equal(at);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    expect(answer.text).to.equal(
      JSON.stringify({
        created: at,
        updated,
        status: 'ACTIVE',
        name: 'c',
        type: 'generic',
        creator_id: 'u-owner',
        secret_refs: refs,
        consumers: [],
        container_ref: refOf(app(), path),
      }),
    );
  });

  it('shows what is not there as null and empty lists', async () => {
    const { name, secret_refs: refs, consumers } = await shown(app(), await aContainer(app()));
    expect({ name, refs, consumers }).to.deep.equal({ name: null, refs: [], consumers: [] });
  });

  for (const [id, description] of ADDRESSES) {
    for (const below of PATHS) {
      it(`is not found: ${id}${below}`, async () => {
        const path = `/v1/containers/${id}${below}`;
        const headers = { Accept: 'text/plain', 'Content-Type': 'a/b' };
        for (const method of ['GET', 'POST', 'DELETE', 'PATCH'])
          expectError(await app().request(method, path, { as: NOBODY, headers }), 404, description);
      });
    }
  }

  for (const [below, allow, others] of METHODS) {
    it(`allows ${allow} on ${below || 'itself'}`, async () => {
      const path = (await aContainer(app())) + below;
      for (const method of others) {
        const answer = await app().request(method, path, { as: NOBODY });
        expect([method, answer.status, answer.headers.allow]).to.deep.equal([method, 405, allow]);
        if (method !== 'HEAD') expectError(answer, 405, '');
      }
    });
  }

  it('allows GET and POST on the collection', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await app().request(method, '/v1/containers', { as: NOBODY });
      expectError(answer, 405, '');
      expect(answer.headers.allow).to.equal('GET, POST');
    }
  });

  it('has nothing else below it', async () => {
    const path = await aContainer(app());
    for (const below of ['/foo', '/secret', '/consumers/x/y', '/acl/x'])
      expectError(await app().request('GET', path + below), 404, '');
  });

  it('tolerates slashes', async () => {
    const path = await aContainer(app());
    for (const odd of [`${path}/`, path.replace('/containers/', '//containers//')])
      expect((await app().request('GET', odd)).status).to.equal(200);
  });

  it('answers JSON or not at all, but for the answer that is empty', async () => {
    const path = await aContainer(app());
    const headers = { Accept: 'text/plain' };
    expectError(await app().request('GET', path, { headers, as: NOBODY }), 406, null);
    expectNoContent(await app().request('DELETE', path, { headers }));
  });

  const WHO: readonly [who: string, persona: Persona, get: number, remove: number][] = [
    ['a reader', READER, 200, 403],
    ['another creator of the project', PEER, 200, 403],
    ['a creator of another project', STRANGER, 403, 403],
    ['nobody', NOBODY, 403, 403],
  ];
  for (const [who, persona, get, remove] of WHO) {
    it(`asks the policy about ${who}`, async () => {
      const path = await aContainer(app());
      const read = await app().request('GET', path, { as: persona });
      expect(read.status).to.equal(get);
      if (get === 403) expectError(read, 403, denied('Container retrieval'));
      const removed = await app().request('DELETE', path, { as: persona });
      expect(removed.status).to.equal(remove);
      expectError(removed, 403, denied('Container deletion'));
    });
  }

  it('lets those on its list read it, and nothing more', async () => {
    const { container, secret } = await withMember(app(), 'x');
    await list(app(), container, LISTED.user);
    expect((await app().request('GET', container, { as: LISTED })).status).to.equal(200);
    expect((await app().request('GET', secret, { as: LISTED })).status).to.equal(403);
    expect((await app().request('DELETE', container, { as: LISTED })).status).to.equal(403);
  });

  describe('deletion', () => {
    it('is empty, and final', async () => {
      const path = await aContainer(app());
      expectNoContent(await app().request('DELETE', path));
      expectError(await app().request('GET', path), 404, CONTAINER_MISSING);
      expectError(await app().request('DELETE', path), 404, CONTAINER_MISSING);
    });

    it('takes the list and all consumers along, and leaves the secrets', async () => {
      const { container, secret } = await withMember(app(), 'x');
      await list(app(), container, LISTED.user);
      for (let n = 0; n < 12; n += 1) {
        const body = { name: `n${n}`, URL: 'u' };
        expect((await app().request('POST', `${container}/consumers`, { body })).status).to.equal(200);
      }
      expectNoContent(await app().request('DELETE', container));
      expect((await app().request('GET', secret)).status).to.equal(200);
      const { knex } = app().broker.database;
      for (const table of [
        'container_secrets',
        'container_acls',
        'container_acl_users',
        'container_consumers',
      ]) {
        const left = await knex(table).where({ container_id: idIn(container) });
        expect(left, table).to.deep.equal([]);
      }
    });
  });

  describe('members', () => {
    it('disappear with their secrets, whatever the type needs', async () => {
      const [open, hidden] = [await created(app()), await created(app())];
      const refs = [
        { name: 'public_key', secret_ref: refOf(app(), open) },
        { name: 'private_key', secret_ref: refOf(app(), hidden) },
      ];
      const path = await aContainer(app(), { type: 'rsa', secret_refs: refs });
      await app().request('DELETE', hidden);
      expect(await membersOf(app(), path)).to.deep.equal([`public_key ${open}`]);
      await app().request('DELETE', open);
      expect(await membersOf(app(), path)).to.deep.equal([]);
    });

    it('are not shown from the moment their destruction begins', async () => {
      const { container, secret } = await withMember(app(), 'x');
      const { secrets } = app().broker.services;
      const row = await secrets.findAnyProject(secretId(idIn(secret)));
      if (row === undefined) throw new Error('the secret is gone');
      await secrets.markDestroying(row, row.updatedAt);
      expect(await membersOf(app(), container)).to.deep.equal([]);
    });

    it('stay when they expire', async () => {
      const expiration = new Date(Date.now() + 3_600_000).toISOString().slice(0, 23);
      const secret = await created(app(), { expiration });
      const ref = { name: 'x', secret_ref: refOf(app(), secret) };
      const path = await aContainer(app(), { secret_refs: [ref] });
      const { services } = app().broker;
      const later = await serveBeside({ ...services, clock: () => LATER });
      try {
        expect((await later.ask('GET', secret, OWNER)).status).to.equal(404);
        const { json } = await later.ask('GET', path, OWNER);
        expect(json?.['secret_refs']).to.have.length(1);
        const again = await later.ask('POST', `${path}/secrets`, OWNER, { name: 'y', secret_ref: secret });
        expectError(again, 404, "Secret provided doesn't exist.");
        const gone = await later.ask('DELETE', `${path}/secrets`, OWNER, { name: 'x', secret_ref: secret });
        expectNoContent(gone);
      } finally {
        await later.close();
      }
      expect(await membersOf(app(), path)).to.deep.equal([]);
    });
  });

  it('tells the policy how many containers refer to a secret', async () => {
    const secret = await created(app());
    const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
    const containers = async (): Promise<number | undefined> => {
      const { secretTargets, clock } = app().broker.services;
      const viewer = { userId: 'u-owner', projectId: 'p-1', now: clock() };
      return (await secretTargets.findAnyProject(secretId(idIn(secret)), viewer, false))?.target.containers;
    };
    expect(await containers()).to.equal(0);
    const one = await aContainer(app(), { secret_refs: refs });
    const other = await aContainer(app(), { secret_refs: refs });
    expect(await containers()).to.equal(2);
    const body = { name: 'y', secret_ref: secret };
    expect((await app().request('POST', `${one}/secrets`, { body })).status).to.equal(201);
    expect(await containers()).to.equal(2);
    await app().request('DELETE', other);
    expect(await containers()).to.equal(1);
  });
});
