import { randomBytes, randomInt } from 'node:crypto';
import { expect } from 'chai';
import { sweep } from '../../src/jobs/sweep.ts';
import { createLog } from '../../src/log.ts';
import { now } from '../../src/model/timestamp.ts';
import { createMoveReceiptRepository } from '../../src/repositories/move-receipts.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import { createSecretRepository } from '../../src/repositories/secrets.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { pathOf, send } from './client.ts';
import { expectStatus, playRounds, ROUND_MS, ROUNDS } from './rounds.ts';

/** What clients were told, and may hold the broker to. */
interface Acknowledged {
  readonly stored: Map<string, Buffer>;
  readonly empty: Set<string>;
  readonly deleted: Set<string>;
  /** Asked for and not answered: done or not done, but nothing between. */
  readonly unknown: Map<string, Buffer | undefined>;
}

describeDatabases('kill -9', (dialect) => {
  let place: Workplace;
  let db: TestDatabase;
  let file: string;
  const told: Acknowledged = { stored: new Map(), empty: new Set(), deleted: new Set(), unknown: new Map() };

  before(async () => {
    place = createWorkplace();
    db = await dialect.open();
    file = place.config(configuration(place, { database: databaseSection(db.options) }));
  });
  after(async () => {
    await db.close();
    place.remove();
  });

  it(`loses nothing that was acknowledged and leaves nothing half done (${ROUNDS} times)`, async function () {
    this.timeout((ROUNDS + 1) * ROUND_MS);
    await playRounds(file, {
      work: (broker) => work(broker, told),
      verify: (broker) => verify(broker, told),
      acknowledged: () => told.stored.size + told.deleted.size + told.unknown.size,
    });
    await verifyTables(db);
  });
});

/** Creates in one step or in two, and sometimes deletes. */
async function work({ url }: ServingProcess, told: Acknowledged): Promise<void> {
  const payload = randomBytes(randomInt(1, 400));
  const path =
    randomInt(2) === 0 ? await createAtOnce(url, payload, told) : await createInTwo(url, payload, told);
  if (randomInt(3) === 0) await remove(url, path, told);
}

async function createAtOnce(url: string, payload: Buffer, told: Acknowledged): Promise<string> {
  const types = { payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
  const path = pathOf(
    await send(url, 'POST', '/v1/secrets', { body: { payload: payload.toString('base64'), ...types } }),
  );
  told.stored.set(path, payload);
  return path;
}

async function createInTwo(url: string, payload: Buffer, told: Acknowledged): Promise<string> {
  const path = pathOf(await send(url, 'POST', '/v1/secrets', { body: {} }));
  told.unknown.set(path, payload);
  told.empty.add(path);
  const headers = { 'Content-Type': 'application/octet-stream' };
  expectStatus(await send(url, 'PUT', path, { body: payload, headers }), 204);
  told.unknown.delete(path);
  told.empty.delete(path);
  told.stored.set(path, payload);
  return path;
}

async function remove(url: string, path: string, told: Acknowledged): Promise<void> {
  const payload = told.stored.get(path);
  told.stored.delete(path);
  told.unknown.set(path, payload);
  expectStatus(await send(url, 'DELETE', path), 204);
  told.unknown.delete(path);
  told.deleted.add(path);
}

async function verify({ url }: ServingProcess, told: Acknowledged): Promise<void> {
  for (const [path, payload] of told.stored) {
    const answer = await send(url, 'GET', `${path}/payload`);
    expectStatus(answer, 200);
    expect(answer.bytes.equals(payload), path).to.equal(true);
  }
  for (const path of told.deleted) expectStatus(await send(url, 'GET', path), 404);
  for (const [path, payload] of told.unknown) {
    const answer = await send(url, 'GET', `${path}/payload`);
    if (answer.status === 200) expect(answer.bytes.equals(payload ?? Buffer.alloc(0)), path).to.equal(true);
    else expectStatus(answer, 404);
    if (told.empty.has(path)) expectStatus(await send(url, 'GET', path), 200);
  }
  const { json } = await send(url, 'GET', '/v1/secrets?limit=1');
  const known = [...told.stored.keys(), ...told.empty].length;
  // A creation whose answer was lost has left a secret nobody knows of.
  expect(json?.['total']).to.be.at.least(known);
}

async function verifyTables(db: TestDatabase): Promise<void> {
  const stores = createStoreRegistry([createMemoryStore('software')], 'software');
  const log = createLog('error', () => undefined);
  const [receipts, runs] = [createMoveReceiptRepository(db), createRunRepository(db)];
  await sweep({ secrets: createSecretRepository(db), receipts, runs, stores, log, clock: now }, 0);
  const number = async (sql: string): Promise<number> => Number((await rowsOf(db.options, sql))[0]?.['n']);
  expect(
    await number(`select count(*) as n from secrets where state <> 'active'`),
    'half-done rows',
  ).to.equal(0);
  expect(
    await number(
      `select count(*) as n from sealed_payloads p
       where not exists (select 1 from secrets s where s.id = p.secret_id and s.store = p.store)`,
    ),
    'payloads without a secret',
  ).to.equal(0);
  expect(
    await number(
      `select count(*) as n from secrets s where s.store is not null
       and not exists (select 1 from sealed_payloads p where p.secret_id = s.id and p.store = s.store)`,
    ),
    'secrets whose payload is gone',
  ).to.equal(0);
  const counted = await number(`select coalesce(sum(secrets), 0) as n from secret_counts`);
  expect(counted, 'the counts').to.equal(await number('select count(*) as n from secrets'));
}
