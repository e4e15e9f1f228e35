import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { ACL_OBJECTS, aclOf, listed, rowOf } from './acls-objects.ts';
import { broker, expectNoContent, JSON_TYPE, NOWHERE } from './wire.ts';

type Read = Readonly<Record<string, unknown>>;
/** Project access and the users in order; undefined: no record. */
type Listed = readonly [projectAccess: boolean, users: string] | undefined;

const AB = { users: ['a', 'b'], 'project-access': false };
const long = 'u'.repeat(255);

/** What is there, what is sent, and what PUT and PATCH make of it. */
const CHANGES: readonly [
  name: string,
  before: Read | undefined,
  body: unknown,
  put: Listed,
  patch: Listed,
][] = [
  ['users of none', undefined, { read: { users: ['x'] } }, [true, 'x'], [true, 'x']],
  ['privacy of none', undefined, { read: { 'project-access': false } }, [false, ''], [false, '']],
  ['access of none', undefined, { read: { 'project-access': true } }, [true, ''], [true, '']],
  ['no users of none', undefined, { read: { users: [] } }, [true, ''], [true, '']],
  ['both of none', undefined, { read: AB }, [false, 'a b'], [false, 'a b']],
  ['nothing of none', undefined, {}, undefined, undefined],
  ['an empty read of none', undefined, { read: {} }, undefined, undefined],
  ['users', AB, { read: { users: ['x', 'a'] } }, [true, 'a x'], [false, 'a x']],
  ['access', AB, { read: { 'project-access': true } }, [true, ''], [true, 'a b']],
  ['privacy', { users: ['a'] }, { read: { 'project-access': false } }, [false, ''], [false, 'a']],
  ['no users', AB, { read: { users: [] } }, [true, ''], [false, '']],
  ['both', AB, { read: { users: ['x'], 'project-access': true } }, [true, 'x'], [true, 'x']],
  ['nothing', AB, {}, undefined, [false, 'a b']],
  ['an empty read', AB, { read: {} }, undefined, [false, 'a b']],
  ['a user twice', undefined, { read: { users: ['x', 'y', 'x', ' x '] } }, [true, 'x y'], [true, 'x y']],
  [
    'users in any script',
    undefined,
    { read: { users: ['ключ 鍵 🔑'] } },
    [true, 'ключ 鍵 🔑'],
    [true, 'ключ 鍵 🔑'],
  ],
  ['long users', undefined, { read: { users: [long] } }, [true, long], [true, long]],
];

describeDatabases('access control lists', (dialect) => {
  const app = broker(dialect);

  for (const object of ACL_OBJECTS) {
    const fresh = async (before?: Read): Promise<string> => {
      const path = await object.create(app());
      if (before !== undefined) await send('PUT', path, { read: before });
      return path;
    };
    const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
      const answer = await app().request(method, `${path}/acl`, body === undefined ? {} : { body });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      return answer;
    };

    describe(`of ${object.name}`, () => {
      it('without record show the default and no users', async () => {
        const answer = await send('GET', await fresh());
        expect(answer.text).to.equal('{"read":{"project-access":true}}');
      });

      it('show a record with its times', async () => {
        const path = await fresh(AB);
        const acl = await aclOf(app(), path);
        expect(Object.keys(acl)).to.deep.equal(['project-access', 'users', 'created', 'updated']);
        expect([...(acl.users ?? [])].sort()).to.deep.equal(['a', 'b']);
        expect(acl.created).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
        expect(acl.updated).to.equal(acl.created);
      });

      for (const [name, before, body, put, patch] of CHANGES) {
        for (const [method, after] of [
          ['PUT', put],
          ['PATCH', patch],
        ] as const) {
          it(`${method}: ${name}`, async () => {
            const path = await fresh(before);
            const answer = await send(method, path, body);
            expect(answer.text).to.equal(JSON.stringify({ acl_ref: `${app().url}${path}/acl` }));
            expect(await listed(app(), path)).to.deep.equal(after);
          });
        }
      }

      it('hold as many users as fit into a request', async () => {
        const users = Array.from({ length: 2000 }, (_, n) => `user-${n}`);
        const path = await fresh({ users });
        expect([...((await aclOf(app(), path)).users ?? [])].sort()).to.deep.equal(users.sort());
      });

      it('are deleted with 200 and a JSON null, there or not', async () => {
        const path = await fresh(AB);
        for (const after of ['there', 'gone']) {
          expect((await send('DELETE', path)).text, after).to.equal('null');
          expect((await send('GET', path)).text).to.equal('{"read":{"project-access":true}}');
        }
      });

      it('keep the time of their creation until they are removed', async () => {
        const path = await fresh(AB);
        const first = await aclOf(app(), path);
        await send('PUT', path, { read: { users: ['x'] } });
        const replaced = await aclOf(app(), path);
        await send('PATCH', path, { read: { users: ['y'] } });
        const merged = await aclOf(app(), path);
        expect([replaced.created, merged.created]).to.deep.equal([first.created, first.created]);
        expect(String(first.updated) < String(replaced.updated)).to.equal(true);
        expect(String(replaced.updated) < String(merged.updated)).to.equal(true);
        await send('DELETE', path);
        await send('PUT', path, { read: AB });
        expect(String((await aclOf(app(), path)).created) > String(merged.updated)).to.equal(true);
      });

      /** Whether `updated` of the object moves with a change of its list. */
      const MOVES: readonly [method: string, before: Read | undefined, body: unknown, moves: boolean][] = [
        ['PUT', undefined, { read: AB }, true],
        ['PUT', AB, { read: AB }, true],
        ['PUT', AB, {}, true],
        ['PUT', undefined, {}, false],
        ['PATCH', undefined, { read: { users: [] } }, true],
        ['PATCH', AB, { read: { users: ['x'] } }, true],
        ['PATCH', AB, { read: {} }, false],
        ['DELETE', AB, undefined, true],
        ['DELETE', undefined, undefined, false],
      ];
      for (const [method, before, body, moves] of MOVES) {
        const what = `${method} ${body === undefined ? 'nothing' : JSON.stringify(body)}`;
        const on = before === undefined ? 'none' : 'a record';
        it(`${what} on ${on} ${moves ? 'moves' : 'does not move'} the time of the object`, async () => {
          const path = await fresh(before);
          const [earlier, other] = [await rowOf(app(), object, path), await fresh()];
          const untouched = await rowOf(app(), object, other);
          await send(method, path, body);
          const later = await rowOf(app(), object, path);
          expect(later.updated_at > earlier.updated_at).to.equal(moves);
          expect(later.version).to.equal(earlier.version);
          expect(await rowOf(app(), object, other)).to.deep.equal(untouched);
        });
      }

      it('belong to one object', async () => {
        const [one, two] = [await fresh({ users: ['one'] }), await fresh({ users: ['two'] })];
        await send('PUT', one, { read: { users: ['three'] } });
        await send('DELETE', one);
        expect(await listed(app(), two)).to.deep.equal([true, 'two']);
      });

      it('go with their object', async () => {
        const path = await fresh(AB);
        const id = path.split('/').at(-1);
        expectNoContent(await app().request('DELETE', path));
        const column = object.name === 'secrets' ? 'secret' : 'container';
        for (const table of [`${column}_acls`, `${column}_acl_users`]) {
          const rows = await app()
            .broker.database.knex(table)
            .where({ [`${column}_id`]: id });
          expect(rows, table).to.deep.equal([]);
        }
      });
    });
  }

  it('of a secret show its new time to who reads the secret', async () => {
    const [secrets] = ACL_OBJECTS;
    const path = String(await secrets?.create(app()));
    const earlier = (await app().request('GET', path)).json;
    await app().request('PATCH', `${path}/acl`, { body: { read: { users: ['x'] } } });
    const later = (await app().request('GET', path)).json;
    expect(String(later?.['updated']) > String(earlier?.['updated'])).to.equal(true);
    expect({ ...later, updated: '' }).to.deep.equal({ ...earlier, updated: '' });
  });

  it('of what is gone meanwhile cannot be changed', async () => {
    const { secretAcls, containerAcls, clock } = app().broker.services;
    for (const acls of [secretAcls, containerAcls]) {
      const id = NOWHERE as never;
      expect(await acls.put(id, { users: ['x'], projectAccess: true }, clock())).to.equal(false);
      expect(await acls.merge(id, { users: ['x'] }, clock())).to.equal(false);
      expect(await acls.remove(id, clock())).to.equal(false);
      expect(await acls.find(id)).to.equal(undefined);
    }
  });
});
