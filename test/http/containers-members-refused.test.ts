import { expect } from 'chai';
import { OWNER, type Answer, type Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  aContainer,
  CONTAINER_MISSING,
  list,
  LISTED,
  membersOf,
  raw,
  STRANGER,
  UNEXPECTED,
  withMember,
} from './containers-objects.ts';
import { broker, denied, expectError, mismatch, NOBODY, NOWHERE, READER } from './wire.ts';

const TOO_LARGE = 'Provided information too large to process';
const bad = (why: string, property: string): string => mismatch(why, property, 'ContainerSecret');
const long = 'n'.repeat(255);

/** Bodies both methods refuse alike. */
const REFUSED: readonly [what: string, body: unknown, description: string][] = [
  ['a list', [], bad("[] is not of type 'object'", 'None')],
  ['no reference', { name: 'x' }, bad("'secret_ref' is a required property", 'None')],
  ['an empty reference', { secret_ref: ' ' }, bad("'' should be non-empty", 'secret_ref')],
  ['a null reference', { secret_ref: null }, bad("None is not of type 'string'", 'secret_ref')],
  ['a null name', { name: null, secret_ref: 'x' }, bad("None is not of type 'string'", 'name')],
  ['a number for a name', { name: 1, secret_ref: 'x' }, bad("1 is not of type 'string'", 'name')],
  ['a long name', { name: `${long}n`, secret_ref: 'x' }, bad(`'${long}n' is too long`, 'name')],
  [
    'a name no database can hold',
    { name: 'a\0', secret_ref: 'x' },
    bad("'a\0' contains a character that cannot be stored", 'name'),
  ],
];

describeDatabases('what /v1/containers/{id}/secrets refuses', (dialect) => {
  const app = broker(dialect);
  const send = (method: string, path: string, body: unknown, as: Persona = OWNER): Promise<Answer> =>
    app().request(method, `${path}/secrets`, { body, as });

  for (const [method, operation] of [
    ['POST', 'Container Secret creation'],
    ['DELETE', 'Container Secret deletion'],
  ] as const) {
    describe(`${method}, refused`, () => {
      for (const [what, body, description] of REFUSED) {
        it(what, async () => {
          const { container } = await withMember(app(), 'x');
          expectError(await send(method, container, body), 400, description);
          expect(await membersOf(app(), container)).to.have.length(1);
        });
      }

      it('bodies that are none', async () => {
        const path = `${await aContainer(app())}/secrets`;
        const request = app().request.bind(app());
        expectError(await request(method, path, { body: '{}' }), 415, UNEXPECTED);
        expectError(await request(method, path), 415, UNEXPECTED);
        expectError(await request(method, path, raw('')), 400, 'Malformed JSON');
        expectError(await request(method, path, raw('{')), 400, 'Malformed JSON');
        const large = JSON.stringify({ secret_ref: 'x', padding: 'x'.repeat(25_000) });
        expectError(await request(method, path, raw(large)), 413, TOO_LARGE);
      });

      it('callers without the right, before anything is read', async () => {
        const path = await aContainer(app(), { type: 'rsa' });
        await list(app(), path, LISTED.user);
        for (const persona of [READER, NOBODY, STRANGER, LISTED]) {
          const answer = await app().request(method, `${path}/secrets`, { body: '{', as: persona });
          expectError(answer, 403, denied(operation));
        }
      });

      it('an unknown container, before all that', async () => {
        const answer = await send(method, `/v1/containers/${NOWHERE}`, '{', NOBODY);
        expectError(answer, 404, CONTAINER_MISSING);
      });
    });
  }
});
