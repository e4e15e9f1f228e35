import { expect } from 'chai';
import { OWNER, type Answer, type Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  aContainer,
  CONTAINER_MISSING,
  list,
  LISTED,
  PEER,
  raw,
  refOf,
  shown,
  STRANGER,
  UNEXPECTED,
  withMember,
} from './containers-objects.ts';
import { broker, denied, expectError, JSON_TYPE, mismatch, NOBODY, NOWHERE, READER } from './wire.ts';

const MISSING = 'Consumer not found.';
const NOT_YOURS = 'Not Allowed. Sorry, only the creator of a consumer can delete it.';
const bad = (why: string, property: string): string => mismatch(why, property, 'Consumer');
const long = 'x'.repeat(255);
const LB = { name: 'lb', URL: 'http://x/1' };

const ACCEPTED: readonly [what: string, body: object, stored: object][] = [
  ['a name and a URL', LB, LB],
  ['space around', { name: ' lb ', URL: '\thttp://x/1\n' }, LB],
  ['what nobody knows', { ...LB, foo: 1 }, LB],
  ['what is no URL', { name: 'lb', URL: '!' }, { name: 'lb', URL: '!' }],
  ['the longest', { name: 'n'.repeat(36), URL: long }, { name: 'n'.repeat(36), URL: long }],
  [
    'four bytes a character',
    { name: '🔑'.repeat(36), URL: '🔑'.repeat(255) },
    { name: '🔑'.repeat(36), URL: '🔑'.repeat(255) },
  ],
];

/** Bodies both methods refuse alike. */
const REFUSED: readonly [what: string, body: unknown, description: string][] = [
  ['a list', [], bad("[] is not of type 'object'", 'None')],
  ['nothing', {}, bad("'name' is a required property", 'None')],
  ['no URL', { name: 'lb' }, bad("'URL' is a required property", 'None')],
  ['a small url', { name: 'lb', url: 'u' }, bad("'URL' is a required property", 'None')],
  ['a blank name', { name: ' ', URL: 'u' }, bad("'' should be non-empty", 'name')],
  ['an empty URL', { name: 'lb', URL: '' }, bad("'' should be non-empty", 'URL')],
  ['a long name', { name: 'n'.repeat(37), URL: 'u' }, bad(`'${'n'.repeat(37)}' is too long`, 'name')],
  ['a long URL', { name: 'lb', URL: `${long}x` }, bad(`'${long}x' is too long`, 'URL')],
  ['a null name', { name: null, URL: 'u' }, bad("None is not of type 'string'", 'name')],
  ['a number for a URL', { name: 'lb', URL: 1 }, bad("1 is not of type 'string'", 'URL')],
  [
    'a name no database can hold',
    { name: '\0', URL: 'u' },
    bad("'\0' contains a character that cannot be stored", 'name'),
  ],
  [
    'a URL no database can hold',
    { name: 'lb', URL: '\0' },
    bad("'\0' contains a character that cannot be stored", 'URL'),
  ],
];

describeDatabases('/v1/containers/{id}/consumers', (dialect) => {
  const app = broker(dialect);
  const send = (method: string, path: string, body: unknown, as: Persona = OWNER): Promise<Answer> =>
    app().request(method, `${path}/consumers`, { body, as });
  const listed = async (path: string): Promise<readonly string[]> => {
    const { json } = await app().request('GET', `${path}/consumers?limit=100`);
    return (json?.['consumers'] as { name: string; URL: string }[]).map((one) => `${one.name} ${one.URL}`);
  };

  describe('POST', () => {
    for (const [what, body, stored] of ACCEPTED) {
      it(`takes ${what}`, async () => {
        const path = await aContainer(app());
        expect((await send('POST', path, body)).status).to.equal(200);
        expect((await shown(app(), path)).consumers).to.deep.equal([stored]);
      });
    }

    it('answers with the whole container, and where its consumers are', async () => {
      const { container } = await withMember(app(), 'x');
      const answer = await send('POST', container, LB);
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      expect(answer.headers.location).to.equal(`${refOf(app(), container)}/consumers`);
      expect(answer.text).to.equal((await app().request('GET', container)).text);
      expect(answer.json?.['secret_refs']).to.have.length(1);
      expect(answer.json?.['consumers']).to.deep.equal([LB]);
    });

    it('is the same twice as once, from whatever project', async () => {
      const path = await aContainer(app());
      await list(app(), path, LISTED.user);
      const first = await send('POST', path, LB);
      for (const persona of [OWNER, LISTED])
        expect((await send('POST', path, LB, persona)).text).to.equal(first.text);
      expect(await listed(path)).to.deep.equal(['lb http://x/1']);
      expectError(await send('DELETE', path, LB, LISTED), 403, NOT_YOURS);
    });

    it('brings back one that was removed', async () => {
      const path = await aContainer(app());
      for (const method of ['POST', 'DELETE', 'POST'])
        expect((await send(method, path, LB)).status).to.equal(200);
      expect(await listed(path)).to.deep.equal(['lb http://x/1']);
    });

    it('moves the time of the last change', async () => {
      const path = await aContainer(app());
      const before = await shown(app(), path);
      await send('POST', path, LB);
      expect((await shown(app(), path)).updated > before.updated).to.equal(true);
    });
  });

  describe('DELETE', () => {
    it('answers with the container as it is then', async () => {
      const { container } = await withMember(app(), 'x');
      await send('POST', container, LB);
      await send('POST', container, { ...LB, URL: 'http://x/2' });
      const answer = await send('DELETE', container, { name: ' lb', URL: 'http://x/1' });
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal((await app().request('GET', container)).text);
      expect(answer.json?.['consumers']).to.deep.equal([{ name: 'lb', URL: 'http://x/2' }]);
    });

    it('finds both parts or nothing', async () => {
      const path = await aContainer(app());
      await send('POST', path, LB);
      for (const body of [
        { ...LB, name: 'LB' },
        { ...LB, URL: 'u' },
      ])
        expectError(await send('DELETE', path, body), 404, MISSING);
      expectError(await send('DELETE', await aContainer(app()), LB), 404, MISSING);
      expect(await listed(path)).to.have.length(1);
    });

    it('is for the project that registered it, and for the container’s own', async () => {
      const path = await aContainer(app());
      await list(app(), path, LISTED.user);
      const theirs = { name: 'theirs', URL: 'u' };
      await send('POST', path, LB);
      expect((await send('POST', path, theirs, LISTED)).status).to.equal(200);
      expectError(await send('DELETE', path, LB, LISTED), 403, NOT_YOURS);
      expectError(await send('DELETE', path, { ...LB, URL: 'u' }, LISTED), 404, MISSING);
      expect((await send('DELETE', path, theirs, LISTED)).status).to.equal(200);
      expect((await send('POST', path, theirs, LISTED)).status).to.equal(200);
      expect((await send('DELETE', path, theirs, PEER)).status).to.equal(200);
      expect(await listed(path)).to.deep.equal(['lb http://x/1']);
    });
  });

  for (const [method, operation] of [
    ['POST', 'ContainerConsumer creation'],
    ['DELETE', 'ContainerConsumer deletion'],
  ] as const) {
    describe(`${method}, refused`, () => {
      for (const [what, body, description] of REFUSED) {
        it(what, async () => {
          const path = await aContainer(app());
          await send('POST', path, LB);
          expectError(await send(method, path, body), 400, description);
          expect(await listed(path)).to.have.length(1);
        });
      }

      it('bodies that are none, and other answers than JSON', async () => {
        const path = `${await aContainer(app())}/consumers`;
        const request = app().request.bind(app());
        expectError(await request(method, path, { body: '{}' }), 415, UNEXPECTED);
        expectError(await request(method, path), 415, UNEXPECTED);
        expectError(await request(method, path, raw('')), 400, 'Malformed JSON');
        const large = raw(JSON.stringify({ ...LB, padding: 'x'.repeat(25_000) }));
        expectError(await request(method, path, large), 413, 'Provided information too large to process');
        const headers = { Accept: 'text/plain' };
        expectError(await request(method, path, { headers, as: NOBODY }), 406, null);
      });

      it('callers without the right, before anything is read', async () => {
        const path = await aContainer(app());
        for (const persona of [NOBODY, STRANGER]) {
          const answer = await app().request(method, `${path}/consumers`, { body: '{', as: persona });
          expectError(answer, 403, denied(operation));
        }
      });

      it('an unknown container, before all that', async () => {
        const answer = await send(method, `/v1/containers/${NOWHERE}`, '{', NOBODY);
        expectError(answer, 404, CONTAINER_MISSING);
      });
    });
  }

  it('lets readers register: the rights are those of reading', async () => {
    const path = await aContainer(app());
    expect((await send('POST', path, LB, READER)).status).to.equal(200);
    expect((await send('DELETE', path, LB, READER)).status).to.equal(200);
  });
});
