import { expect } from 'chai';
import { ROUTES } from '../../src/http/app.ts';
import { startApp, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { readMatrix, type MatrixRow } from '../helpers/matrix.ts';
import { expectAnswer, play, rolesOf } from './matrix-requests.ts';
import { aclOf, aSecret, ownerOf, placeOf, PROJECTS } from './matrix-targets.ts';

/** What the original answered, request by request, for everything that exists here: played through real HTTP. */

interface Deviation {
  readonly status: number;
  readonly why: string;
}

const FOREIGN_CONSUMER = {
  status: 404,
  why: 'a consumer is looked up inside the container of the path: the id of another container’s finds nothing',
};
const CORS = {
  status: 200,
  why: 'OPTIONS never reaches the API: the CORS layer in front of it answers 200, there as here',
};
const NO_TRANSPORT_KEY = {
  status: 404,
  why: 'the original stumbles over a transport key that does not exist: here it is just not found',
};

const LOOKED_UP_FIRST = {
  status: 404,
  why: 'here everything with an id is looked up before the policy is asked, transport keys no less than the rest',
};

/** Rows answered otherwise on purpose. */
const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'edge-0058': FOREIGN_CONSUMER,
  'edge-0206': FOREIGN_CONSUMER,
  'edge-0095': LOOKED_UP_FIRST,
  'edge-0243': LOOKED_UP_FIRST,
  'edge-0096': NO_TRANSPORT_KEY,
  'edge-0244': NO_TRANSPORT_KEY,
  'edge-0111': CORS,
  'edge-0259': CORS,
};

/** What the original cannot have answered. Each has its personas in a test of its own. */
const OWN_ACTIONS: ReadonlySet<string> = new Set([
  'postern:version',
  'postern:project_stores:get',
  'postern:project_stores:put',
  'postern:project_stores:delete',
]);

/** Needs a token: played against a real Keystone by the client tests. */
const needsKeystone = (row: MatrixRow): boolean => row.tier === 'authn' || row.project === '-';

const isServed = ({ path }: MatrixRow): boolean =>
  !path.startsWith('/v1/orders') || ROUTES.some((route) => route.path === '/v1/orders');

/** Rows that follow one another on one secret. */
const SEQUENCES: readonly [name: string, variant: RegExp][] = [
  ['the list of another is changed, then the secret read', /^step \d$/],
  ['a grant and a privacy end with the list', /^(before|after) ACL delete$/],
];
const inSequence = ({ variant }: MatrixRow): boolean => SEQUENCES.some(([, parts]) => parts.test(variant));

const STORES = {
  default: 'software',
  configured: ['software', 'second'].map((name, index) => ({
    name,
    kind: 'simple_crypto',
    master_keys: [{ id: name, key: Buffer.alloc(32, index + 1).toString('base64') }],
  })),
};

const rows = readMatrix().filter((row) => isServed(row) && !needsKeystone(row));

it('every deviation is about a row', () => {
  const known = new Set(rows.map((row) => row.id));
  expect(Object.keys(DEVIATIONS).filter((id) => !known.has(id))).to.deep.equal([]);
});

for (const mode of ['legacy', 'secure']) {
  const own = rows.filter((row) => row.mode === mode);
  describe(`the original's answers, ${mode} mode`, () => {
    let app: TestApp;
    before(async () => {
      const [dialect] = databases();
      if (dialect === undefined) throw new Error('no database to test with');
      const config = { policy: { data: { settings: { mode } } }, stores: STORES };
      app = await startApp({ dialect, config });
      // A project that never made anything is told less than one that did.
      await aSecret(app, { acl: undefined, project: String(PROJECTS['Q']) });
    });
    after(() => app.close());

    it('has rows for every action that is served', () => {
      const actions = new Set(own.map((row) => row.rule));
      const asked = ROUTES.filter(({ action }) => !OWN_ACTIONS.has(action));
      expect(asked.map(({ action }) => action).filter((action) => !actions.has(action))).to.deep.equal([]);
    });

    for (const row of own.filter((one) => one.tier !== 'list' && !inSequence(one))) {
      it(`${row.id}: ${row.roles} ${row.user}@${row.project} ${row.method} ${row.path} ${row.acl} ${row.variant}`, async () => {
        const answer = await play(app, row, await placeOf(app, row));
        const deviation = DEVIATIONS[row.id];
        if (deviation === undefined) expectAnswer(answer, row);
        else expect(answer.status, deviation.why).to.equal(deviation.status);
      });
    }

    for (const [name, parts] of SEQUENCES) {
      const steps = own.filter(({ variant }) => parts.test(variant));
      it(`${name}: ${steps.map(({ id }) => id).join(', ')}`, async () => {
        const [first] = steps;
        if (first === undefined) throw new Error('no such rows');
        const place = await placeOf(app, first);
        for (const row of steps) {
          if (row.variant === 'after ACL delete') await deleteAcl(app, mode, String(place.id));
          expectAnswer(await play(app, row, place), row);
        }
      });
    }

    describe('lists', () => {
      before(async () => {
        const lists = ['none', 'private', 'private+user'].map((acl) => aclOf({ id: 'lists', acl }));
        for (const acl of lists) {
          const users = acl?.users.map(() => 'list-acl') ?? [];
          await aSecret(app, { acl: acl && { ...acl, users }, project: 'list' });
        }
      });
      for (const row of own.filter((one) => one.tier === 'list')) {
        it(`${row.id}: ${row.persona} ${row.variant}`, async () => {
          const path = row.variant === 'acl_only=true' ? '/v1/secrets?acl_only=true' : '/v1/secrets';
          const project = row.project === 'P' ? 'list' : 'elsewhere';
          const user = row.user === 'acl' ? 'list-acl' : `list-${row.user}`;
          const answer = await app.request('GET', path, { as: { user, project, roles: rolesOf(row) } });
          expectAnswer(answer, row);
          if (row.note.startsWith('total='))
            expect(answer.json?.['total']).to.equal(Number(row.note.slice(6)));
        });
      }
    });
  });
}

async function deleteAcl(app: TestApp, mode: string, id: string): Promise<void> {
  const answer = await app.request('DELETE', `/v1/secrets/${id}/acl`, { as: ownerOf(mode) });
  expect([answer.status, answer.text]).to.deep.equal([200, 'null']);
}
