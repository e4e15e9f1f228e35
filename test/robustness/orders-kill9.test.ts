import { createPrivateKey, createPublicKey, randomInt } from 'node:crypto';
import { expect } from 'chai';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  serveProcess,
  until,
  type Workplace,
} from './broker-process.ts';
import { send, type Answer } from './client.ts';
import { expectStatus, playRounds, ROUND_MS } from './rounds.ts';

/** The claims of a dead process have run out by then, and everything that waited for them is done. */
const DONE_MS = 60_000;
/** Each takes seconds: keys are made. */
const MOST_ROUNDS = 5;
const PASSPHRASE = 'hush';

type Shown = Readonly<Record<string, unknown>>;

const KEY = { type: 'key', meta: { algorithm: 'aes', bit_length: 256 } };
const PAIR = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 1024, passphrase: PASSPHRASE } };
/** One in so many is a pair, which takes many times as long as a key. */
const PAIR_EVERY = 8;

describeDatabases('orders and kill -9', (dialect) => {
  let place: Workplace;
  let db: TestDatabase;
  let file: string;
  /** Paths of the orders that clients were told of. */
  const told = new Set<string>();

  before(async () => {
    place = createWorkplace();
    db = await dialect.open();
    file = place.config(configuration(place, { database: databaseSection(db.options) }));
  });
  after(async () => {
    await db.close();
    place.remove();
  });

  it('every acknowledged order is done, and once', async function () {
    this.timeout((MOST_ROUNDS + 2) * ROUND_MS + DONE_MS);
    await playRounds(file, {
      atMost: MOST_ROUNDS,
      work: async ({ url }) => {
        const body = randomInt(PAIR_EVERY) === 0 ? PAIR : KEY;
        const answer = await send(url, 'POST', '/v1/orders', { body });
        expectStatus(answer, 202);
        told.add(pathIn(answer.json, 'order_ref'));
      },
      verify: async ({ url }) => {
        for (const path of told) {
          const answer = await send(url, 'GET', path);
          expectStatus(answer, 200);
          expect(answer.json?.['status'], answer.text).to.be.oneOf(['PENDING', 'ACTIVE']);
        }
      },
      acknowledged: () => told.size,
    });
    const broker = await serveProcess(file);
    try {
      await until(() => noneWaits(broker.url), 'all orders to be done', DONE_MS);
      await verifyOrders(broker.url, told);
      await verifyTables(db);
    } finally {
      broker.kill('SIGTERM');
      expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    }
  });
});

const pathIn = (shown: Shown | undefined, ref: string): string => new URL(String(shown?.[ref])).pathname;

/** All of them, those too whose acknowledgement never arrived. */
async function allOrders(url: string): Promise<readonly Shown[]> {
  const orders: Shown[] = [];
  for (;;) {
    const { json } = await send(url, 'GET', `/v1/orders?limit=100&offset=${orders.length}`);
    const page = json?.['orders'] as readonly Shown[];
    orders.push(...page);
    if (page.length === 0) return orders;
  }
}

async function noneWaits(url: string): Promise<true | undefined> {
  const orders = await allOrders(url);
  return orders.some(({ status }) => status === 'PENDING') ? undefined : true;
}

async function verifyOrders(url: string, told: ReadonlySet<string>): Promise<void> {
  const orders = await allOrders(url);
  const paths = new Set(orders.map((order) => pathIn(order, 'order_ref')));
  for (const path of told) expect(paths.has(path), path).to.equal(true);
  const made = new Set<string>();
  for (const order of orders) {
    expect(order['status'], JSON.stringify(order)).to.equal('ACTIVE');
    const secrets = order['type'] === 'key' ? await keyOf(url, order) : await pairOf(url, order);
    for (const path of secrets) {
      expect(made.has(path), `${path} is of one order`).to.equal(false);
      made.add(path);
    }
  }
  const { json } = await send(url, 'GET', '/v1/secrets?limit=1');
  expect(json?.['total'], 'no secret is of no order').to.equal(made.size);
}

async function payloadOf(url: string, path: string): Promise<Answer> {
  const answer = await send(url, 'GET', `${path}/payload`);
  expectStatus(answer, 200);
  return answer;
}

async function keyOf(url: string, order: Shown): Promise<readonly string[]> {
  const path = pathIn(order, 'secret_ref');
  expect((await payloadOf(url, path)).bytes.length).to.equal(32);
  return [path];
}

/** Both halves belong together, and the passphrase opens the private one. */
async function pairOf(url: string, order: Shown): Promise<readonly string[]> {
  const { json } = await send(url, 'GET', pathIn(order, 'container_ref'));
  const paths = (json?.['secret_refs'] as readonly Shown[]).map((ref) => pathIn(ref, 'secret_ref'));
  const [key, publicKey, passphrase] = await Promise.all(paths.map((path) => payloadOf(url, path)));
  expect(passphrase?.text).to.equal(PASSPHRASE);
  const privateKey = createPrivateKey({ key: key?.bytes ?? '', passphrase: PASSPHRASE });
  expect(createPublicKey(privateKey).equals(createPublicKey(publicKey?.bytes ?? ''))).to.equal(true);
  return paths;
}

const NOTHING_OF: Readonly<Record<string, string>> = {
  'half-done rows': `select count(*) as n from secrets where state <> 'active'`,
  'payloads without a secret': `select count(*) as n from sealed_payloads p
    where not exists (select 1 from secrets s where s.id = p.secret_id and s.store = p.store)`,
  'secrets whose payload is gone': `select count(*) as n from secrets s
    where not exists (select 1 from sealed_payloads p where p.secret_id = s.id and p.store = s.store)`,
  'containers of no order': `select count(*) as n from containers c
    where not exists (select 1 from orders o where o.container_id = c.id)`,
  'orders that lack their container': `select count(*) as n from orders o where o.container_id is not null
    and not exists (select 1 from containers c where c.id = o.container_id)`,
  'miscounted orders': `select (select count(*) from orders) - (select sum(orders) from order_counts) as n`,
  'miscounted secrets': `select (select count(*) from secrets) - (select sum(secrets) from secret_counts) as n`,
};

async function verifyTables({ options }: TestDatabase): Promise<void> {
  for (const [what, sql] of Object.entries(NOTHING_OF)) {
    const [row] = await rowsOf(options, sql);
    expect(Number(row?.['n']), what).to.equal(0);
  }
}
