import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startWorkingOrders } from '../../src/jobs/orders.ts';
import { projectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { startApp, type Answer, type TestApp } from '../helpers/app.ts';
import { isRequired, skipAloud } from '../helpers/databases.ts';
import { ended, pathIn } from './orders-requests.ts';
import { pathOf, store } from './secret-stores.ts';
import { auditOf, denied, expectError, expectNoContent, sqlite, TEXT } from './wire.ts';

/** The examples of `policies/examples`, built as a site builds its own and asked over HTTP. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Asked {
  readonly project?: string;
  readonly domain?: string;
  readonly roles?: string;
}

type Row = readonly [
  what: string,
  asked: Asked,
  assigned: string | undefined,
  body: object,
  /** The store and who chose it; undefined: refused. */
  placed: readonly [store: string, placedBy: string] | undefined,
];

interface Example {
  readonly folder: string;
  readonly stores: readonly object[];
  readonly rows: readonly Row[];
}

const secret = (changes: object = {}): object => ({ ...TEXT, ...changes });
const key = (algorithm: string): object => ({ type: 'key', meta: { algorithm, bit_length: 64 } });
const PAIR = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 1024 } };
const CUSTODIAN = { roles: 'creator,key-custodian' };
const classed = (name: string, ...classes: readonly string[]): object => ({ ...store(name), classes });

const EXAMPLES: readonly Example[] = [
  {
    folder: 'keys-in-hsm',
    stores: [store('software'), classed('hsm-b', 'hsm'), classed('hsm-a', 'hsm', 'fips')],
    rows: [
      ['a private key', {}, undefined, secret({ secret_type: 'private' }), ['hsm-a', 'policy']],
      ['a certificate', {}, 'software', secret({ secret_type: 'certificate' }), ['hsm-a', 'policy']],
      [
        "a private key, in the project's HSM",
        {},
        'hsm-b',
        secret({ secret_type: 'private' }),
        ['hsm-b', 'project'],
      ],
      ['anything else', {}, undefined, secret(), ['software', 'default']],
      ['anything else', {}, 'hsm-b', secret(), ['hsm-b', 'project']],
      ['a pair that is ordered', {}, undefined, PAIR, ['hsm-a', 'policy']],
      ['a key that is ordered', {}, undefined, key('aes'), ['software', 'default']],
    ],
  },
  {
    folder: 'by-domain',
    stores: ['software', 'hsm', 'vault-eu', 'vault-us-east', 'vault-us-west'].map(store),
    rows: [
      ['a domain', { domain: 'd-europe' }, 'software', secret(), ['vault-eu', 'policy']],
      ['a domain, an order', { domain: 'd-europe' }, undefined, key('aes'), ['vault-eu', 'policy']],
      ['a domain with a choice', { domain: 'd-america' }, undefined, secret(), ['vault-us-east', 'policy']],
      ['a choice', { domain: 'd-america' }, 'vault-us-west', secret(), ['vault-us-west', 'project']],
      ['a choice there is not', { domain: 'd-america' }, 'vault-eu', secret(), ['vault-us-east', 'policy']],
      ['an exception', { domain: 'd-europe', project: 'p-payments' }, undefined, secret(), ['hsm', 'policy']],
      ['another domain', { domain: 'default' }, undefined, secret(), ['software', 'default']],
    ],
  },
  {
    folder: 'within-pci',
    stores: [store('software'), classed('hsm-b', 'pci'), classed('hsm-a', 'fips', 'pci')],
    rows: [
      ['in scope', { project: 'p-cards' }, undefined, secret(), ['hsm-a', 'policy']],
      ['in scope, by choice', { project: 'p-cards' }, 'hsm-b', secret(), ['hsm-b', 'project']],
      ['in scope, whatever was assigned', { project: 'p-cards' }, 'software', secret(), ['hsm-a', 'policy']],
      ['in scope, an order', { project: 'p-cards' }, 'hsm-b', key('aes'), ['hsm-b', 'project']],
      ['not in scope', {}, undefined, secret(), ['software', 'default']],
      ['not in scope, by choice', {}, 'hsm-b', secret(), ['hsm-b', 'project']],
    ],
  },
  {
    folder: 'by-role-and-algorithm',
    stores: ['software', 'hsm-a', 'hsm-b'].map(store),
    rows: [
      ['a custodian', CUSTODIAN, undefined, secret(), ['hsm-a', 'policy']],
      ['a custodian, by choice', CUSTODIAN, 'hsm-b', secret(), ['hsm-b', 'project']],
      ['anybody, RSA', {}, undefined, secret({ algorithm: 'RSA' }), ['software', 'default']],
      ['anybody, RSA, by choice', {}, 'hsm-a', PAIR, ['hsm-a', 'project']],
      ['a custodian, RSA', CUSTODIAN, undefined, PAIR, ['hsm-a', 'policy']],
      ['a custodian, DES', CUSTODIAN, undefined, key('des'), undefined],
      ['a custodian, DES', CUSTODIAN, undefined, secret({ algorithm: 'des' }), undefined],
      ['anybody, DES', {}, 'hsm-a', key('des'), ['software', 'default']],
    ],
  },
];

const absent = existsSync(join(ROOT, 'bin/opa'))
  ? undefined
  : 'bin/opa is not there: policies/tools.sh opa builds it';

/** A broker under the default rules and those of an example. */
function exampleBroker({ folder, stores }: Example): () => TestApp {
  let scratch = '';
  let app: TestApp | undefined;
  let working: ReturnType<typeof startWorkingOrders> | undefined;
  before(async function () {
    this.timeout(30_000);
    scratch = mkdtempSync(join(tmpdir(), 'postern-example-'));
    const bundle = join(scratch, 'policy.tar.gz');
    const args = ['policies/build.sh', '-o', bundle, join('policies/examples', folder)];
    execFileSync('bash', args, { cwd: ROOT, stdio: 'pipe' });
    const config = { policy: { bundle }, stores: { default: 'software', configured: stores } };
    app = await startApp({ dialect: sqlite(), config });
    working = startWorkingOrders(app.broker.services);
  });
  after(async () => {
    await working?.stop();
    await app?.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  return () => {
    if (app === undefined) throw new Error('the broker is not up yet');
    return app;
  };
}

for (const example of EXAMPLES) {
  describe(`policies/examples/${example.folder}`, () => {
    if (absent !== undefined) return skipAloud(absent, isRequired('opa'));
    const app = exampleBroker(example);
    let count = 0;
    const persona = ({ project, roles = 'creator' }: Asked) => ({
      user: 'u-owner',
      project: project ?? `p-${(count += 1)}`,
      roles: roles.split(','),
    });

    for (const [what, asked, assigned, body, placed] of example.rows) {
      const where = placed === undefined ? 'nowhere' : `${placed[0]} (${placed[1]})`;
      const kind = 'type' in body ? 'order' : 'secret';

      it(`${what}: ${kind} to ${where}${assigned === undefined ? '' : `, assigned ${assigned}`}`, async () => {
        const as = persona(asked);
        await assign(app(), as.project, assigned);
        const headers = { ...(asked.domain === undefined ? {} : { 'X-Project-Domain-Id': asked.domain }) };
        const before = await storesOf(app(), as.project);
        const answer = await app().request('POST', `/v1/${kind}s`, { as, body, headers });
        if (placed === undefined) {
          expectError(answer, 403, denied(kind === 'order' ? 'Order creation' : 'Secret creation'));
          expect(await storesOf(app(), as.project)).to.deep.equal(before);
          return;
        }
        const made = await settle(app(), answer, as);
        const stores = (await storesOf(app(), as.project)).slice(before.length);
        expect(stores).to.deep.equal(Array.from({ length: made }, () => placed[0]));
        const [, outcome] = await auditOf(app(), answer);
        expect(outcome).to.include({ store: placed[0], placed_by: placed[1] });
      });
    }

    if (example.folder === 'within-pci') preferences(app);
  });
}

function preferences(app: () => TestApp): void {
  it('a project in scope prefers what is certified, and sees what it prefers', async () => {
    const as = { user: 'u-admin', project: 'p-payments', roles: ['admin'] };
    const prefer = async (name: string): Promise<Answer> =>
      app().request('POST', `${await pathOf(app(), name)}/preferred`, { as });
    expectNoContent(await prefer('hsm-b'));
    expectError(await prefer('software'), 403, denied('Setting preferred secret store'));
    const seen = await app().request('GET', '/v1/secret-stores/preferred', { as });
    expect(seen.json?.['name']).to.equal('hsm-b');
  });
}

async function assign({ broker }: TestApp, project: string, name: string | undefined): Promise<void> {
  const { projectStores } = broker.services;
  if (name === undefined) await projectStores.unassign(projectId(project));
  else await projectStores.assign(projectId(project), name, now());
}

async function storesOf({ broker }: TestApp, project: string): Promise<readonly (string | null)[]> {
  const rows = (await broker.database
    .knex('secrets')
    .where({ project_id: project })
    .orderBy('created_at')) as readonly { store: string | null }[];
  return rows.map((row) => row.store);
}

/** How many secrets the request made, once it has. */
async function settle(app: TestApp, answer: Answer, as: Parameters<typeof ended>[2]): Promise<number> {
  if (answer.json?.['order_ref'] === undefined) {
    expect(answer.status, answer.text).to.equal(201);
    return 1;
  }
  const order = await ended(app, pathIn(answer.json, 'order_ref'), as);
  expect(order['status'], JSON.stringify(order)).to.equal('ACTIVE');
  return order['type'] === 'key' ? 1 : 2;
}
