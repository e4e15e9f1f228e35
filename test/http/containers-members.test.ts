import { expect } from 'chai';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  aContainer,
  idIn,
  membersOf,
  PEER,
  raw,
  refOf,
  shown,
  STRANGER,
  UNEXPECTED,
  withMember,
} from './containers-objects.ts';
import { broker, created, expectError, expectNoContent, JSON_TYPE, NOWHERE } from './wire.ts';

const ONLY_GENERIC = "Only 'generic' containers can be modified.";
const UNKNOWN = "Secret provided doesn't exist.";
const PRESENT =
  'Conflict. A secret with that name and ID is already stored in this container. The same secret can exist in a container as long as the name is unique.';
const NO_MEMBER = 'Secret provided is not in the container';

const long = 'n'.repeat(255);

/** References to what cannot be found; `:id` is a secret that can. */
const UNFOUND: readonly [what: string, ref: string][] = [
  ['an unknown id', `/v1/secrets/${NOWHERE}`],
  ['an unknown bare id', NOWHERE],
  ['a slash at the end', '/v1/secrets/:id/'],
  ['more behind the id', '/v1/secrets/:id?x'],
  ['a zero character', '/v1/secrets/\0:id'],
  ['no id', '/'],
];

/** References to one and the same secret. */
const FOUND: readonly [what: string, ref: string][] = [
  ['the reference', ':base/v1/secrets/:id'],
  ['another host and path', 'http://any-host/any/path/:id'],
  ['a path', '/v1/secrets/:id'],
  ['a bare id', ':id'],
  ['space around', ' http://catalogue:9311/v1/secrets/:id\n'],
];

describeDatabases('/v1/containers/{id}/secrets', (dialect) => {
  const app = broker(dialect);
  const send = (method: string, path: string, body: unknown, as?: Persona): Promise<Answer> =>
    app().request(method, `${path}/secrets`, as === undefined ? { body } : { body, as });
  const filled = (ref: string, secret: string): string =>
    ref.replace(':base', app().url).replace(':id', idIn(secret));

  describe('POST', () => {
    for (const [what, ref] of FOUND) {
      it(`puts in what is named by ${what}`, async () => {
        const [path, secret] = [await aContainer(app()), await created(app())];
        const answer = await send('POST', path, { name: 'x', secret_ref: filled(ref, secret) });
        expect(answer.status, answer.text).to.equal(201);
        expect(answer.text).to.equal(JSON.stringify({ container_ref: refOf(app(), path) }));
        expect(answer.headers.location).to.equal(refOf(app(), path));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expect(await membersOf(app(), path)).to.deep.equal([`x ${secret}`]);
      });
    }

    it('keeps the order, behind the members it was made with', async () => {
      const { container, secret } = await withMember(app(), 'z');
      for (const name of ['c', 'a', 'b']) await send('POST', container, { name, secret_ref: secret });
      const names = ['z', 'c', 'a', 'b'].map((name) => `${name} ${secret}`);
      expect(await membersOf(app(), container)).to.deep.equal(names);
    });

    it('takes one secret under several names, and several secrets under one', async () => {
      const { container, secret } = await withMember(app(), 'x');
      const other = await created(app());
      for (const body of [
        { name: 'y', secret_ref: secret },
        { secret_ref: secret },
        { name: ' ', secret_ref: secret },
        { name: 'x', secret_ref: other },
        { name: long, secret_ref: other, foo: 1 },
      ])
        expect((await send('POST', container, body)).status).to.equal(201);
      expect(await membersOf(app(), container)).to.deep.equal([
        `x ${secret}`,
        `y ${secret}`,
        `null ${secret}`,
        ` ${secret}`,
        `x ${other}`,
        `${long} ${other}`,
      ]);
    });

    it('refuses a pair that is there', async () => {
      const { container, secret } = await withMember(app(), 'x');
      await send('POST', container, { secret_ref: secret });
      for (const body of [{ name: 'x', secret_ref: secret }, { secret_ref: idIn(secret) }])
        expectError(await send('POST', container, body), 409, PRESENT);
      expect(await membersOf(app(), container)).to.have.length(2);
    });

    it('takes back a pair that was taken out', async () => {
      const { container, secret } = await withMember(app(), 'x');
      const body = { name: 'x', secret_ref: secret };
      expectNoContent(await send('DELETE', container, body));
      expect((await send('POST', container, body)).status).to.equal(201);
      expect(await membersOf(app(), container)).to.deep.equal([`x ${secret}`]);
    });

    it('moves the time of the last change', async () => {
      const [path, secret] = [await aContainer(app()), await created(app())];
      const before = await shown(app(), path);
      await send('POST', path, { secret_ref: secret });
      const after = await shown(app(), path);
      expect(after.created).to.equal(before.created);
      expect(after.updated > before.updated).to.equal(true);
      await send('POST', path, { secret_ref: secret });
      expect((await shown(app(), path)).updated).to.equal(after.updated);
    });

    for (const [what, ref] of [...UNFOUND, ['a secret of another project', ':foreign'] as const]) {
      it(`finds no secret for ${what}`, async () => {
        const [path, secret] = [await aContainer(app()), await created(app())];
        const foreign = await created(app(), {}, { as: STRANGER });
        const sent = filled(ref, secret).replace(':foreign', foreign);
        expectError(await send('POST', path, { name: 'x', secret_ref: sent }), 404, UNKNOWN);
        expect(await membersOf(app(), path)).to.deep.equal([]);
      });
    }

    for (const type of ['rsa', 'certificate']) {
      it(`leaves ${type} containers alone, whatever the body, if it is JSON by its type`, async () => {
        const path = await aContainer(app(), { type });
        const large = JSON.stringify({ padding: 'x'.repeat(25_000) });
        for (const body of ['', '{', '[]', large])
          expectError(await app().request('POST', `${path}/secrets`, raw(body)), 400, ONLY_GENERIC);
        expectError(await app().request('POST', `${path}/secrets`, { body: '{}' }), 415, UNEXPECTED);
      });
    }
  });

  describe('DELETE', () => {
    for (const [what, ref] of FOUND) {
      it(`takes out what is named by ${what}`, async () => {
        const { container, secret } = await withMember(app(), 'x');
        expectNoContent(await send('DELETE', container, { name: 'x', secret_ref: filled(ref, secret) }));
        expect(await membersOf(app(), container)).to.deep.equal([]);
        expect((await app().request('GET', secret)).status).to.equal(200);
      });
    }

    it('takes out the name that is meant, no name and the empty one among them', async () => {
      const { container, secret } = await withMember(app(), 'x');
      await send('POST', container, { secret_ref: secret });
      await send('POST', container, { name: '', secret_ref: secret });
      expectNoContent(await send('DELETE', container, { secret_ref: secret }));
      expect(await membersOf(app(), container)).to.deep.equal([`x ${secret}`, ` ${secret}`]);
      expectError(await send('DELETE', container, { secret_ref: secret }), 404, NO_MEMBER);
      expectNoContent(await send('DELETE', container, { name: '', secret_ref: secret }));
      expect(await membersOf(app(), container)).to.deep.equal([`x ${secret}`]);
    });

    it('takes out of containers of every type', async () => {
      const secret = await created(app());
      for (const [type, name] of [
        ['certificate', 'certificate'],
        ['generic', 'x'],
      ]) {
        const refs = [{ name, secret_ref: refOf(app(), secret) }];
        const path = await aContainer(app(), { type, secret_refs: refs });
        expectNoContent(await send('DELETE', path, { name, secret_ref: secret }));
        expect(await membersOf(app(), path)).to.deep.equal([]);
      }
    });

    it('says that a secret is no member under that name, or none at all', async () => {
      const { container, secret } = await withMember(app(), 'x');
      const other = await created(app());
      for (const body of [
        { name: 'y', secret_ref: secret },
        { name: 'X', secret_ref: secret },
        { name: '', secret_ref: secret },
        { secret_ref: secret },
        { name: 'x', secret_ref: other },
      ])
        expectError(await send('DELETE', container, body), 404, NO_MEMBER);
      expect(await membersOf(app(), container)).to.have.length(1);
    });

    for (const [what, ref] of UNFOUND) {
      it(`finds no secret for ${what}`, async () => {
        const { container, secret } = await withMember(app(), 'x');
        const sent = filled(ref, secret);
        const named = `Secret 'x' with reference '${sent}' doesn't exist.`;
        expectError(await send('DELETE', container, { name: 'x', secret_ref: sent }), 404, named);
        const unnamed = `Secret 'None' with reference '${sent}' doesn't exist.`;
        expectError(await send('DELETE', container, { secret_ref: sent }), 404, unnamed);
        expect(await membersOf(app(), container)).to.have.length(1);
      });
    }

    it('does not tell a secret of another project from an unknown one', async () => {
      const { container } = await withMember(app(), 'x');
      const foreign = await created(app(), {}, { as: STRANGER });
      const answer = await send('DELETE', container, { name: 'x', secret_ref: foreign });
      expectError(answer, 404, `Secret 'x' with reference '${foreign}' doesn't exist.`);
    });

    it('gives an answer whatever is accepted', async () => {
      const { container, secret } = await withMember(app(), 'x');
      const options = { body: { name: 'x', secret_ref: secret }, headers: { Accept: 'text/plain' } };
      expectNoContent(await app().request('DELETE', `${container}/secrets`, options));
    });
  });

  it('ignores whatever is below', async () => {
    const [path, secret] = [await aContainer(app()), await created(app())];
    const body = { name: 'x', secret_ref: secret };
    for (const below of [`/${NOWHERE}`, '/a/b/c/', `/${idIn(secret)}`]) {
      const added = await app().request('POST', `${path}/secrets${below}`, { body });
      expect(added.status, added.text).to.equal(201);
      expectNoContent(await app().request('DELETE', `${path}/secrets${below}`, { body }));
    }
  });

  it('lets any creator of the project change what is not private', async () => {
    const { container, secret } = await withMember(app(), 'x');
    expect((await send('POST', container, { name: 'y', secret_ref: secret }, PEER)).status).to.equal(201);
    expectNoContent(await send('DELETE', container, { name: 'x', secret_ref: secret }, PEER));
  });
});
