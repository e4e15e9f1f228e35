import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { startWorkingOrders } from '../../src/jobs/orders.ts';
import { projectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { ended, key, ordered, pair, pathIn, workingBroker } from './orders-requests.ts';
import { admin, pathOf, store } from './secret-stores.ts';
import { auditOf, broker, created, expectError, freshProject, serveBeside, TEXT } from './wire.ts';

/** Its decision is the one that the user agent names in the operator's data. */
const BUNDLE = fileURLToPath(new URL('../policy/fixtures/chosen.tar.gz', import.meta.url));

const ALLOWED = { allow: true, reasons: [{ code: 'chosen' }], filter: null, obligations: {} };
const among = (placed: unknown): object => ({ ...ALLOWED, obligations: { store: placed } });

const CONFIG = {
  policy: {
    bundle: BUNDLE,
    data: {
      chosen: {
        'says nothing': ALLOWED,
        'says hsm': among('hsm'),
        'allows vault, hsm': among(['vault', 'hsm']),
        'allows vault, software, hsm': among(['vault', 'software', 'hsm']),
        'allows vault, elsewhere': among(['vault', 'elsewhere']),
        'allows none': among([]),
      },
    },
  },
  stores: { default: 'software', configured: [store('software'), store('hsm'), store('vault')] },
};

/** Policy and assignment, and where that leads: the store, and who chose it. */
const ROWS: readonly [policy: string, assigned: string | undefined, store: string, placedBy: string][] = [
  ['says nothing', undefined, 'software', 'default'],
  ['says nothing', 'hsm', 'hsm', 'project'],
  ['says hsm', 'vault', 'hsm', 'policy'],
  ['allows vault, hsm', 'hsm', 'hsm', 'project'],
  ['allows vault, hsm', 'software', 'vault', 'policy'],
  ['allows vault, hsm', undefined, 'vault', 'policy'],
  ['allows vault, software, hsm', 'hsm', 'hsm', 'project'],
  ['allows vault, software, hsm', undefined, 'software', 'default'],
];

describeDatabases('where a new payload goes', (dialect) => {
  const app = workingBroker(dialect, CONFIG);
  const as = (policy: string, persona: Persona) => ({ as: persona, headers: { 'User-Agent': policy } });
  const assign = (persona: Persona, name: string): Promise<void> =>
    app().broker.services.projectStores.assign(projectId(persona.project), name, now());
  const project = async (assigned: string | undefined): Promise<Persona> => {
    const persona = freshProject();
    if (assigned !== undefined) await assign(persona, assigned);
    return persona;
  };
  const storesOf = async ({ project: id }: Persona): Promise<readonly (string | null)[]> => {
    const { knex } = app().broker.database;
    const rows = (await knex('secrets').where({ project_id: id })) as { store: string | null }[];
    return rows.map((row) => row.store);
  };
  const outcomeOf = async (answer: Answer): Promise<Readonly<Record<string, unknown>>> => {
    const [intent, outcome] = await auditOf(app(), answer);
    expect(intent).to.not.have.property('placed_by');
    return { ...outcome };
  };

  for (const [policy, assigned, name, placedBy] of ROWS) {
    const where = `${name} (${placedBy}), where the policy ${policy} and ${assigned ?? 'nothing'} is assigned`;

    it(`of a secret: ${where}`, async () => {
      const persona = await project(assigned);
      const answer = await app().request('POST', '/v1/secrets', { ...as(policy, persona), body: TEXT });
      expect(answer.status, answer.text).to.equal(201);
      expect(await storesOf(persona)).to.deep.equal([name]);
      expect(await outcomeOf(answer)).to.include({ store: name, placed_by: placedBy });
    });

    it(`of a second step: ${where}`, async () => {
      const persona = await project(assigned);
      const path = await created(app(), {}, as(policy, persona));
      expect(await storesOf(persona)).to.deep.equal([null]);
      const headers = { 'User-Agent': policy, 'Content-Type': 'text/plain' };
      const answer = await app().request('PUT', path, { as: persona, headers, body: 'later' });
      expect(answer.status, answer.text).to.equal(204);
      expect(await storesOf(persona)).to.deep.equal([name]);
      expect(await outcomeOf(answer)).to.include({ store: name, placed_by: placedBy });
    });

    it(`of an order: ${where}`, async () => {
      const persona = await project(assigned);
      const meta = { algorithm: 'ed25519', bit_length: 256, passphrase: 'sesame' };
      for (const [body, count] of [
        [key(), 1],
        [pair(meta), 4],
      ] as const) {
        const answer = await app().request('POST', '/v1/orders', { ...as(policy, persona), body });
        expect(answer.status, answer.text).to.equal(202);
        expect(await outcomeOf(answer)).to.include({ store: name, placed_by: placedBy });
        const order = await settled(pathIn(answer.json, 'order_ref'), persona);
        expect(order['status'], JSON.stringify(order)).to.equal('ACTIVE');
        expect(await storesOf(persona)).to.deep.equal(Array.from({ length: count }, () => name));
      }
    });
  }

  const settled = async (path: string, persona: Persona): Promise<Readonly<Record<string, unknown>>> => {
    for (let turn = 0; turn < 500; turn += 1) {
      const { json } = await app().request('GET', path, as('says nothing', persona));
      if (json?.['status'] !== 'PENDING') return json ?? {};
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${path} is still PENDING`);
  };

  for (const policy of ['allows vault, elsewhere', 'allows none']) {
    it(`nowhere, where the policy ${policy}`, async () => {
      const persona = await project('vault');
      for (const [path, body] of [
        ['/v1/secrets', TEXT],
        ['/v1/orders', key()],
      ] as const) {
        const answer = await app().request('POST', path, { ...as(policy, persona), body });
        expect(answer.status, answer.text).to.equal(403);
        expect((await auditOf(app(), answer))[1]).to.not.have.property('placed_by');
      }
      expect(await storesOf(persona)).to.deep.equal([]);
    });
  }
});

describe('a payload that the chosen store cannot hold', () => {
  const app = broker(undefined, {
    stores: { default: 'software', configured: [store('software'), store('hsm')] },
  });
  const narrowed = (own: SecretStore): SecretStore => ({
    ...own,
    capabilities: {
      ...own.capabilities,
      maxPayloadBytes: 8,
      secretTypes: ['symmetric', 'opaque', 'private'],
    },
  });

  it('is 400 with the store and the reason, and goes nowhere else', async () => {
    const { services } = app().broker;
    const stores = createStoreRegistry(
      services.stores.all.map((one) => (one.name === 'hsm' ? narrowed(one) : one)),
      'software',
    );
    const front = await serveBeside({ ...services, stores });
    const as = admin();
    try {
      await app().request('POST', `${await pathOf(app(), 'hsm')}/preferred`, { as });
      const size = 'the secret store "hsm" cannot hold a payload of 11 bytes (at most 8).';
      const type = (name: string): string => `the secret store "hsm" cannot hold secrets of type ${name}.`;
      const REFUSED: readonly [string, string, unknown, string][] = [
        ['POST', '/v1/secrets', TEXT, `Secret creation issue seen - ${size}`],
        [
          'POST',
          '/v1/secrets',
          { ...TEXT, payload: 'small', secret_type: 'certificate' },
          `Secret creation issue seen - ${type('certificate')}`,
        ],
        ['PUT', await created(app(), {}, { as }), TEXT.payload, `Secret update issue seen - ${size}`],
        ['POST', '/v1/orders', pair(), `Order creation issue seen - ${type('public')}`],
      ];
      for (const [method, path, body, description] of REFUSED) {
        expectError(await front.ask(method, path, as, body), 400, description);
      }
      const rows = await app().broker.database.knex('secrets').where({ project_id: as.project });
      expect(rows.map((row: { store: unknown }) => row.store)).to.deep.equal([null]);
      expect(await app().broker.database.knex('orders').where({ project_id: as.project })).to.deep.equal([]);
    } finally {
      await front.close();
    }
  });
});

describeDatabases('an order whose project is given another store', (dialect) => {
  const configured = [store('software'), store('hsm'), store('vault')];
  const app = broker(dialect, { stores: { default: 'software', configured } });

  it('goes where it was to go when it was placed, all of it', async () => {
    const { services, database } = app().broker;
    const as = freshProject();
    const assign = (name: string) => services.projectStores.assign(projectId(as.project), name, now());
    await assign('hsm');
    const path = await ordered(app(), pair({ algorithm: 'ed25519', bit_length: 256 }), as);
    await assign('vault');
    const working = startWorkingOrders(services);
    try {
      const order = await ended(app(), path, as);
      expect(order['status'], JSON.stringify(order)).to.equal('ACTIVE');
    } finally {
      await working.stop();
    }
    const rows = await database.knex('secrets').where({ project_id: as.project }).select('store');
    expect(rows).to.deep.equal([{ store: 'hsm' }, { store: 'hsm' }]);
    await created(app(), TEXT, { as });
    expect(await database.knex('secrets').where({ store: 'vault' })).to.have.length(1);
  });
});
