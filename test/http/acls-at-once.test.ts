import { expect } from 'chai';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { ACL_OBJECTS, listed, statusesOf } from './acls-objects.ts';
import { broker, created, denied, expectError, sqlite, TEXT } from './wire.ts';

const ROUNDS = 10;

describeDatabases('access control lists, many at once', (dialect) => {
  const app = broker(dialect);
  const send = (method: string, path: string, read?: object): Promise<Answer> =>
    app().request(method, `${path}/acl`, read === undefined ? {} : { body: { read } });

  for (const object of ACL_OBJECTS) {
    it(`two halves of a change of ${object.name} both survive`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const path = await object.create(app());
        const answers = await Promise.all([
          send('PATCH', path, { users: ['a', 'b'] }),
          send('PATCH', path, { 'project-access': false }),
        ]);
        expect(statusesOf(answers)).to.deep.equal([200]);
        expect(await listed(app(), path)).to.deep.equal([false, 'a b']);
      }
    });

    it(`of several lists of ${object.name} one is left, whole`, async () => {
      const path = await object.create(app());
      const lists = ['a b', 'c d', 'e f', 'g h'];
      for (let round = 0; round < ROUNDS; round += 1) {
        const answers = await Promise.all(
          lists.map((users) => send('PUT', path, { users: users.split(' ') })),
        );
        expect(statusesOf(answers)).to.deep.equal([200]);
        expect(lists).to.include((await listed(app(), path))?.[1]);
      }
    });

    it(`setting and deleting those of ${object.name} follow each other`, async () => {
      const path = await object.create(app());
      for (let round = 0; round < ROUNDS; round += 1) {
        const answers = await Promise.all([
          send('PUT', path, { users: ['a'] }),
          send('DELETE', path),
          send('PATCH', path, { users: ['b'] }),
          send('PUT', path, {}),
          send('GET', path),
        ]);
        expect(statusesOf(answers)).to.deep.equal([200]);
      }
    });

    it(`a change while one of ${object.name} is deleted is done or is 404`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const path = await object.create(app());
        const [gone, ...answers] = await Promise.all([
          app().request('DELETE', path),
          send('PUT', path, { users: ['a'] }),
          send('PATCH', path, { users: ['b'] }),
          send('DELETE', path),
        ]);
        expect(gone.status).to.equal(204);
        for (const answer of answers) {
          if (answer.status !== 200) expectError(answer, 404, object.missing);
        }
        expectError(await send('GET', path), 404, object.missing);
      }
    });
  }

  it('a change does not get in the way of a payload, nor of its deletion', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = await created(app());
      const headers = { 'Content-Type': 'text/plain' };
      const [put, ...changes] = await Promise.all([
        app().request('PUT', path, { body: 'open sesame', headers }),
        ...['a', 'b', 'c'].map((user) => send('PATCH', path, { users: [user] })),
      ]);
      expect([put.status, put.text]).to.deep.equal([204, '']);
      expect(statusesOf(changes)).to.deep.equal([200]);
      expect((await app().request('GET', `${path}/payload`)).text).to.equal('open sesame');
    }
  });
});

const ELSEWHERE: Persona = { user: 'u-elsewhere', project: 'p-2', roles: [] };
const PEER: Persona = { user: 'u-peer', project: 'p-1', roles: ['creator'] };

describe('what an access control list does', () => {
  const app = broker(sqlite());
  const read = (path: string, as: Persona): Promise<Answer> =>
    app().request('GET', `${path}/payload`, { as, headers: { Accept: 'text/plain' } });

  it('its users read from any project, without a role, until it is gone', async () => {
    const path = await created(app(), TEXT);
    expect((await read(path, ELSEWHERE)).status).to.equal(403);
    await app().request('PUT', `${path}/acl`, { body: { read: { users: ['u-elsewhere'] } } });
    expect((await read(path, ELSEWHERE)).text).to.equal(TEXT.payload);
    expectError(
      await app().request('GET', `${path}/acl`, { as: ELSEWHERE }),
      403,
      denied('SecretACL(s) retrieval'),
    );
    await app().request('DELETE', `${path}/acl`);
    expect((await read(path, ELSEWHERE)).status).to.equal(403);
  });

  it('what is private is its creator’s, until the list is gone', async () => {
    const path = await created(app(), TEXT);
    expect((await read(path, PEER)).status).to.equal(200);
    await app().request('PATCH', `${path}/acl`, { body: { read: { 'project-access': false } } });
    expectError(await read(path, PEER), 403, denied('Secret payload retrieval'));
    expect((await app().request('GET', `${path}/payload`)).text).to.equal(TEXT.payload);
    await app().request('DELETE', `${path}/acl`);
    expect((await read(path, PEER)).status).to.equal(200);
  });
});

/** Whether a colleague may change the list of another's private secret: as the original, and as it was meant. */
for (const [blind, status] of [
  [true, 200],
  [false, 403],
] as const) {
  describe(`acl_endpoint_blind: ${blind}`, () => {
    const app = broker(sqlite(), { policy: { data: { settings: { acl_endpoint_blind: blind } } } });
    const CHANGES: readonly [method: string, body: object | undefined][] = [
      ['PATCH', { read: { 'project-access': true } }],
      ['PUT', { read: { users: ['u-peer'] } }],
      ['DELETE', undefined],
    ];
    for (const [method, body] of CHANGES) {
      it(`${method} of another's private list is ${status}`, async () => {
        const path = await created(app(), TEXT);
        await app().request('PUT', `${path}/acl`, { body: { read: { 'project-access': false } } });
        const answer = await app().request(method, `${path}/acl`, { as: PEER, ...(body && { body }) });
        expect(answer.status, answer.text).to.equal(status);
        const left = await listed(app(), path);
        if (status === 403) expect(left).to.deep.equal([false, '']);
        else expect(left?.[0]).not.to.equal(false);
      });
    }
  });
}
