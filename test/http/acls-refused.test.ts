import { expect } from 'chai';
import type { Answer, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { ACL_OBJECTS, listed } from './acls-objects.ts';
import { broker, denied, expectError, mismatch, NOBODY, NOWHERE, READER, sqlite } from './wire.ts';

const acl = (reason: string, property: string): string => mismatch(reason, property, 'ACL');
const extra = (names: string, property: string): string =>
  acl(`Additional properties are not allowed (${names} unexpected)`, property);
const long = 'u'.repeat(256);

/** Bodies of PUT and PATCH that are refused alike. */
const BODIES: readonly [body: unknown, description: string][] = [
  [[], acl("[] is not of type 'object'", 'None')],
  ['"x"', acl("'x' is not of type 'object'", 'None')],
  ['null', acl("None is not of type 'object'", 'None')],
  [{ write: {} }, extra("'write' was", 'None')],
  [{ read: {}, write: {}, list: {} }, extra("'write', 'list' were", 'None')],
  [{ read: [] }, acl("[] is not of type 'object'", 'read')],
  [{ read: null }, acl("None is not of type 'object'", 'read')],
  [{ read: { project_access: true } }, extra("'project_access' was", 'read')],
  [{ read: { users: ['a'], created: 'x', updated: 'y' } }, extra("'created', 'updated' were", 'read')],
  [{ read: { users: 'a' } }, acl("'a' is not of type 'array'", 'read')],
  [{ read: { users: null } }, acl("None is not of type 'array'", 'read')],
  [{ read: { users: [null] } }, acl("None is not of type 'string'", 'read')],
  [{ read: { users: ['a', null] } }, acl("None is not of type 'string'", 'read')],
  [{ read: { users: ['a', 'b', 3] } }, acl("3 is not of type 'string'", 'read')],
  [{ read: { users: [long] } }, acl(`'${long}' is too long`, 'read')],
  [{ read: { users: ['a', long] } }, acl(`'${long}' is too long`, 'read')],
  [{ read: { users: ['a\0b'] } }, acl("'a\0b' contains a character that cannot be stored", 'read')],
  [{ read: { 'project-access': 'false' } }, acl("'false' is not of type 'boolean'", 'read')],
  [{ read: { 'project-access': null } }, acl("None is not of type 'boolean'", 'read')],
  [{ read: { 'project-access': 0 } }, acl("0 is not of type 'boolean'", 'read')],
  ['', 'Malformed JSON'],
  ['{"read": ', 'Malformed JSON'],
];

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const UNEXPECTED = "Unexpected content type. Expected content types are: ['application/json']";

describe('access control lists that are refused', () => {
  const app = broker(sqlite());
  for (const object of ACL_OBJECTS) {
    describe(`of ${object.name}`, () => {
      let path = '';
      before(async () => {
        path = await object.create(app());
        await app().request('PUT', `${path}/acl`, { body: { read: { users: ['kept'] } } });
      });
      const refused = async (method: string, options: RequestOptions): Promise<Answer> => {
        const answer = await app().request(method, `${path}/acl`, options);
        expect(await listed(app(), path)).to.deep.equal([true, 'kept']);
        return answer;
      };
      for (const method of ['PUT', 'PATCH']) {
        for (const [body, description] of BODIES) {
          it(`${method} ${JSON.stringify(body).slice(0, 60)}`, async () => {
            expectError(await refused(method, { body, headers: JSON_HEADERS }), 400, description);
          });
        }

        for (const type of ['text/plain', 'application/JSON', '', 'application/merge-patch+json']) {
          it(`${method} of the type "${type}"`, async () => {
            const headers = { 'Content-Type': type };
            expectError(await refused(method, { body: { read: {} }, headers }), 415, UNEXPECTED);
          });
        }

        it(`${method} of too much`, async () => {
          const body = { read: { users: Array.from({ length: 5000 }, (_, n) => `user-${n}`) } };
          expectError(await refused(method, { body }), 413, 'Provided information too large to process');
        });
      }
    });
  }
});

describeDatabases('the endpoints of access control lists', (dialect) => {
  const app = broker(dialect);
  for (const object of ACL_OBJECTS) {
    describe(`of ${object.name}`, () => {
      let path = '';
      before(async () => {
        path = await object.create(app());
      });
      const OPERATIONS: readonly [method: string, operation: string][] = [
        ['GET', 'retrieval'],
        ['PUT', 'Update'],
        ['PATCH', 'Update'],
        ['DELETE', 'deletion'],
      ];
      for (const [method, operation] of OPERATIONS) {
        const ask = (at: string, options: RequestOptions = {}): Promise<Answer> =>
          app().request(method, at, { body: 'garbage', ...options });

        it(`${method} without rights is 403, whatever is sent`, async () => {
          const answer = await ask(`${path}/acl`, { as: NOBODY });
          expectError(answer, 403, denied(`${object.operation} ${operation}`));
        });
        it(`${method} of an unknown object is 404`, async () => {
          expectError(await ask(`/v1/${object.name}/${NOWHERE}/acl`, { as: NOBODY }), 404, object.missing);
        });
        it(`${method} of no id is 404`, async () => {
          for (const id of ['x', NOWHERE.toUpperCase(), NOWHERE.replaceAll('-', '')]) {
            expectError(await ask(`/v1/${object.name}/${id}/acl`, { as: NOBODY }), 404, object.invalid);
          }
        });
        it(`${method} for whom JSON is not acceptable is 406`, async () => {
          const headers = { Accept: 'text/plain' };
          expectError(await ask(`${path}/acl`, { headers, as: NOBODY }), 406, null);
        });
        it(`${method} below is 404`, async () => {
          expectError(await ask(`${path}/acl/x`), 404, '');
        });
      }

      it('may be read, not changed, by who only reads', async () => {
        const asked = (method: string): Promise<Answer> =>
          app().request(method, `${path}/acl/`, { as: READER, body: {} });
        expect((await asked('GET')).text).to.equal('{"read":{"project-access":true}}');
        for (const method of ['PUT', 'PATCH', 'DELETE']) expect((await asked(method)).status).to.equal(403);
      });

      for (const method of ['POST', 'HEAD', 'TRACE', 'PROPFIND']) {
        it(`${method} is 405`, async () => {
          const answer = await app().request(method, `${path}/acl`);
          expect(answer.headers.allow).to.equal('DELETE, GET, PATCH, PUT');
          expect(answer.status).to.equal(405);
          if (method !== 'HEAD') expectError(answer, 405, '');
        });
      }
    });
  }
});
