import { expect } from 'chai';
import { startWorkingOrders } from '../../src/jobs/orders.ts';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { reached, setQuota } from './quotas.ts';
import { broker, freshProject } from './wire.ts';

const KEY = { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } };
const PAIR = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 1024 } };
const FULL = reached('Process TypeOrder');

/** What a project may have, what it orders one after the other, and which of it fails. */
const ROWS: readonly [name: string, quotas: object, orders: readonly object[], ends: readonly string[]][] = [
  ['keys', { secrets: 2 }, [KEY, KEY, KEY], ['ACTIVE', 'ACTIVE', 'ERROR']],
  ['pairs, which are two secrets', { secrets: 3 }, [PAIR, PAIR, KEY], ['ACTIVE', 'ERROR', 'ACTIVE']],
  [
    'pairs with a passphrase, which are three',
    { secrets: 2 },
    [{ ...PAIR, meta: { ...PAIR.meta, passphrase: 'p' } }, PAIR],
    ['ERROR', 'ACTIVE'],
  ],
  ['the containers of pairs', { containers: 1 }, [PAIR, PAIR, KEY], ['ACTIVE', 'ERROR', 'ACTIVE']],
  ['nothing without a limit', { secrets: -1, containers: -1 }, [KEY, PAIR], ['ACTIVE', 'ACTIVE']],
];

describeDatabases('what orders make counts', (dialect) => {
  const app = broker(dialect);
  let working: ReturnType<typeof startWorkingOrders> | undefined;
  before(() => {
    working = startWorkingOrders(app().broker.services);
  });
  after(() => working?.stop());

  const get = async (path: string, as: Persona): Promise<Answer['json']> =>
    (await app().request('GET', path, { as })).json;
  const ended = async (body: object, as: Persona): Promise<Answer['json']> => {
    const placed = await app().request('POST', '/v1/orders', { as, body });
    expect(placed.status, placed.text).to.equal(202);
    const path = new URL(String(placed.json?.['order_ref'])).pathname;
    for (;;) {
      const order = await get(path, as);
      if (order?.['status'] !== 'PENDING') return order;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  for (const [name, quotas, orders, ends] of ROWS) {
    it(name, async () => {
      const as = freshProject();
      await setQuota(app(), as, quotas);
      for (const [index, body] of orders.entries()) {
        const order = await ended(body, as);
        expect(order?.['status']).to.equal(ends[index]);
        if (ends[index] === 'ERROR') {
          expect(order).to.include({ error_status_code: '403', error_reason: FULL });
          expect(order).not.to.have.any.keys('secret_ref', 'container_ref');
        }
      }
      const left = await app()
        .broker.database.knex<{ project_id: string }>('quota_reservations')
        .where({ project_id: as.project });
      expect(left).to.deep.equal([]);
    });
  }

  it('to the letter, of many at once', async () => {
    const as = freshProject();
    await setQuota(app(), as, { secrets: 4 });
    const orders = await Promise.all(Array.from({ length: 12 }, () => ended(KEY, as)));
    const made = orders.filter((order) => order?.['status'] === 'ACTIVE');
    expect(made).to.have.length(4);
    expect((await get('/v1/secrets', as))?.['total']).to.equal(4);
  });
});
