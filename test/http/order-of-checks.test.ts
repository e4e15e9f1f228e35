import { expect } from 'chai';
import type { Answer, Persona } from '../helpers/app.ts';
import { broker, created, denied, expectError, NOBODY, NOWHERE, READER, sqlite, TEXT } from './wire.ts';

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly as?: Persona;
}

/**
 * Every request breaks the rule it is listed under and as many later ones as it can: the first is reported. `:id` is a
 * secret with a payload, `:empty` one without, `:none` an unknown one.
 */
type Broken = readonly [line: string, sent: Sent, status: number, description: string | null];

const UNEXPECTED = "Unexpected content type. Expected content types are: ['application/json']";
const INVALID = 'Not Found. Provided secret id is invalid.';
const MISSING = 'Secret not found.';

const BAD_VERSION = { 'OpenStack-API-Version': 'key-manager x' };
const NO_PROJECT = { 'X-Project-Id': '' };
const NO_JSON = { Accept: 'text/plain' };
const GARBAGE = { body: 'garbage', headers: { 'Content-Type': 'a/b' } };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const LONG = 'x'.repeat(30_000);

const WHO: readonly Broken[] = [
  ['GET /v1/secrets', { headers: { ...NO_PROJECT, ...BAD_VERSION } }, 400, 'Missing X-Project-Id'],
  ['GET /v1/nothing', { headers: { ...NO_PROJECT, ...NO_JSON } }, 400, 'Missing X-Project-Id'],
  ['GET /v1/secrets/%ff', { headers: NO_PROJECT }, 400, 'Missing X-Project-Id'],
  ['GET /v1/secrets/:none', { headers: NO_PROJECT }, 400, 'Missing X-Project-Id'],
  ['PATCH /v1/secrets', { headers: NO_PROJECT }, 400, 'Missing X-Project-Id'],
  [
    'POST /v1/secrets',
    { headers: { ...NO_PROJECT, 'Content-Type': 'a/b' }, body: LONG },
    400,
    'Missing X-Project-Id',
  ],
];

const VERSION: readonly Broken[] = [
  ...['/v1/secrets', '/v1/nothing', '/v1/secrets/x', '/v1/secrets/:none', '/v1/secrets/%ff'].map(
    (path): Broken => [
      `GET ${path}`,
      { headers: { ...BAD_VERSION, ...NO_JSON }, as: NOBODY },
      400,
      'Invalid microversion: invalid version string: x',
    ],
  ),
  [
    'PATCH /v1/secrets/:id',
    { headers: { 'OpenStack-API-Version': 'key-manager 9.9' }, as: NOBODY },
    406,
    'Invalid microversion: Unacceptable version header: 9.9',
  ],
];

const ADDRESSED: readonly Broken[] = [
  ['PATCH /v1/secrets/:none', {}, 404, MISSING],
  ['DELETE /v1/secrets/:none', { as: NOBODY }, 404, MISSING],
  ['PUT /v1/secrets/:none', { ...GARBAGE, as: NOBODY }, 404, MISSING],
  ['POST /v1/secrets/:none/payload', { as: NOBODY }, 404, MISSING],
  ['PATCH /v1/secrets/x', { as: NOBODY }, 404, INVALID],
  ['GET /v1/secrets/:none/metadata', { headers: NO_JSON }, 404, MISSING],
  ['PATCH /v1/secrets/:none/metadata/k', {}, 404, MISSING],
];

const METHOD: readonly Broken[] = [
  ['PATCH /v1/secrets', { headers: NO_JSON, as: NOBODY }, 405, ''],
  ['PATCH /v1/secrets/:id', { headers: NO_JSON, as: NOBODY }, 405, ''],
  ['DELETE /v1/secrets/:id/metadata', { headers: NO_JSON, as: NOBODY }, 405, ''],
  ['POST /v1/secrets/:id', { ...GARBAGE, as: NOBODY }, 405, ''],
];

const PAYLOAD_METHOD: readonly Broken[] = [
  ['POST /v1/secrets/:id/payload', { as: NOBODY }, 403, denied('Secret payload retrieval')],
  ['POST /v1/secrets/:id/payload', { ...GARBAGE, as: READER }, 405, ''],
];

const ACCEPT: readonly Broken[] = [
  ['GET /v1/secrets', { headers: NO_JSON, as: NOBODY }, 406, null],
  ['POST /v1/secrets', { headers: NO_JSON, body: 'x', as: NOBODY }, 406, null],
  ['GET /v1/secrets/:id/metadata', { headers: NO_JSON, as: NOBODY }, 406, null],
  ['PUT /v1/secrets/:id/metadata', { headers: NO_JSON, body: 'x', as: NOBODY }, 406, null],
];

const FORBIDDEN: readonly Broken[] = (
  [
    ['POST /v1/secrets', { ...GARBAGE, as: READER }, 'Secret creation'],
    ['POST /v1/secrets', { headers: JSON_TYPE, body: '[', as: READER }, 'Secret creation'],
    ['POST /v1/secrets', { body: { bit_length: 0 }, as: READER }, 'Secret creation'],
    ['POST /v1/secrets', { body: { x: LONG }, as: READER }, 'Secret creation'],
    ['GET /v1/secrets?sort=bogus', { as: NOBODY }, 'Secret(s) retrieval'],
    ['PUT /v1/secrets/:id', { ...GARBAGE, as: READER }, 'Secret update'],
    [
      'PUT /v1/secrets/:id',
      { headers: { 'Content-Type': 'text/plain' }, body: LONG, as: READER },
      'Secret update',
    ],
    [
      'DELETE /v1/secrets/:id?force=perhaps',
      { headers: { 'OpenStack-API-Version': 'key-manager 1.2' }, as: READER },
      'Secret deletion',
    ],
    [
      'GET /v1/secrets/:id/payload',
      { headers: { Accept: 'foo/bar' }, as: NOBODY },
      'Secret payload retrieval',
    ],
    ['GET /v1/secrets/:empty/payload', { as: NOBODY }, 'Secret payload retrieval'],
    ['GET /v1/secrets/:id', { headers: { Accept: 'TEXT/PLAIN' }, as: NOBODY }, 'Secret retrieval'],
    ['PUT /v1/secrets/:id/metadata', { ...GARBAGE, as: READER }, 'Secret metadata creation'],
    [
      'POST /v1/secrets/:id/metadata',
      { headers: JSON_TYPE, body: '{', as: READER },
      'Secret metadatum creation',
    ],
    ['PUT /v1/secrets/:id/metadata/absent', { ...GARBAGE, as: READER }, 'Secret metadatum update'],
    ['DELETE /v1/secrets/:id/metadata/absent', { as: READER }, 'Secret metadatum removal'],
    ['GET /v1/secrets/:id/metadata', { as: NOBODY }, 'Secret metadata retrieval'],
    ['GET /v1/secrets/:id/metadata/absent', { as: NOBODY }, 'Secret metadatum retrieval'],
  ] as const
).map(([line, sent, operation]): Broken => [line, sent, 403, denied(operation)]);

const BODY_TYPE: readonly Broken[] = [
  ['POST /v1/secrets', GARBAGE, 415, UNEXPECTED],
  ['POST /v1/secrets', { ...GARBAGE, body: LONG }, 415, UNEXPECTED],
  ['PUT /v1/secrets/:id/metadata/absent', GARBAGE, 415, UNEXPECTED],
];

const ORDER: Readonly<Record<string, readonly Broken[]>> = {
  'who is asking comes first': WHO,
  'then the version': VERSION,
  'then what is addressed': ADDRESSED,
  'then the method': METHOD,
  'but on a payload the policy comes before the method': PAYLOAD_METHOD,
  'then Accept': ACCEPT,
  'then the policy': FORBIDDEN,
  'then the type of the body': BODY_TYPE,
};

describe('the order of checks', () => {
  const app = broker(sqlite());
  const paths: Record<string, string> = { ':none': `/v1/secrets/${NOWHERE}` };
  before(async () => {
    paths[':id'] = await created(app(), TEXT);
    paths[':empty'] = await created(app());
  });
  const play = (line: string, sent: Sent): Promise<Answer> => {
    const [method = '', pattern = ''] = line.split(' ');
    const path = pattern.replace(/^\/v1\/secrets\/(:\w+)/, (whole, name: string) => paths[name] ?? whole);
    return app().request(method, path, sent);
  };

  for (const [rule, cases] of Object.entries(ORDER)) {
    describe(rule, () => {
      for (const [line, sent, status, description] of cases) {
        it(`${line}: ${status}`, async () => expectError(await play(line, sent), status, description));
      }
    });
  }

  it('a refusal by policy carries the id of the decision, and no other does', async () => {
    const refused = await play('DELETE /v1/secrets/:id', { as: READER });
    expect(refused.status).to.equal(403);
    expect(refused.headers['x-policy-decision']).to.match(/\S/);
    const missing = await play('DELETE /v1/secrets/:none', { as: READER });
    expect(missing.headers).not.to.have.property('x-policy-decision');
  });

  it('whoever is refused changed nothing', async () => {
    expect((await play('GET /v1/secrets', {})).json?.['total']).to.equal(2);
    expect((await play('GET /v1/secrets/:id/metadata', {})).json).to.deep.equal({ metadata: {} });
  });
});
