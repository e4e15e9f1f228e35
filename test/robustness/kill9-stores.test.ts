import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config-file.ts';
import { sweep } from '../../src/jobs/sweep.ts';
import { createLog } from '../../src/log.ts';
import { oneDatabase, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { absentServers, areServersRequired, REAL_STORES, type RealKind } from '../helpers/real-stores.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { pathOf, send, type Answer, type Sent } from './client.ts';
import { objectsAt, ownStore } from './objects-at.ts';
import { expectStatus, playRounds, ROUND_MS } from './rounds.ts';
import { assignEach } from './several-stores.ts';

/** Stores whose payloads are elsewhere: what a crash leaves there is for the sweep to find. */
const ELSEWHERE = REAL_STORES.filter(({ service }) => service !== undefined);

/** Paths of what was asked for, and what a client may hold the broker to. */
interface Told {
  readonly stored: Map<string, { readonly kind: RealKind; readonly payload: Buffer }>;
  readonly deleted: Map<string, RealKind>;
  /** Asked to be deleted, and not answered: whole or gone. */
  readonly unsure: Map<string, { readonly kind: RealKind; readonly payload: Buffer }>;
}

describe('kill -9 while payloads are on their way to other servers', () => {
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  /** In front of the names of all that this run leaves at a server. */
  const run = `kill9-${randomUUID()}`;
  const told: Told = { stored: new Map(), deleted: new Map(), unsure: new Map() };
  let place: Workplace;
  let database: TestDatabase;
  let file: string;

  before(async function () {
    this.timeout(60_000);
    place = createWorkplace();
    database = await oneDatabase().open();
    const stores = {
      default: 'vault',
      configured: ELSEWHERE.map(({ kind }) => ownStore(kind, place.folder, run)),
    };
    file = place.config(configuration(place, { database: databaseSection(database.options), stores }));
    await assignEach(file, ELSEWHERE);
  });
  after(async () => {
    await database.close();
    place.remove();
  });

  it('loses nothing that was acknowledged, and the sweep leaves no object that no row points to', async function () {
    this.timeout(8 * ROUND_MS);
    await playRounds(file, {
      work: (broker) => work(broker, told),
      verify: (broker) => verify(broker, told),
      acknowledged: () => told.stored.size + told.deleted.size + told.unsure.size,
      killAfterMs: [500, 4_000],
      atMost: 5,
    });
    await sweepNow(file);
    const rows = await rowsOf(database.options, 'select id, store, state from secrets');
    expect(rows.filter(({ state }) => state !== 'active')).to.deep.equal([]);
    for (const { kind } of ELSEWHERE) {
      const ids = rows.filter(({ store }) => store === kind).map(({ id }) => String(id));
      const objects = await objectsAt({ name: kind, kind }, run, database);
      expect([...objects].sort(), `objects at ${kind}`).to.deep.equal(ids.sort());
    }
  });
});

const as = (kind: RealKind, sent: Sent = {}): Sent => ({
  ...sent,
  project: `p-${kind}`,
});

async function work({ url }: ServingProcess, told: Told): Promise<void> {
  const { kind } = ELSEWHERE[randomInt(ELSEWHERE.length)]!;
  const payload = randomBytes(randomInt(1, 400));
  const path = randomInt(2) === 0 ? await atOnce(url, kind, payload) : await inTwo(url, kind, payload);
  told.stored.set(path, { kind, payload });
  if (randomInt(3) > 0) return;
  told.stored.delete(path);
  told.unsure.set(path, { kind, payload });
  expectStatus(await send(url, 'DELETE', path, as(kind)), 204);
  told.unsure.delete(path);
  told.deleted.set(path, kind);
}

async function atOnce(url: string, kind: RealKind, payload: Buffer): Promise<string> {
  const types = { payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
  const body = { payload: payload.toString('base64'), ...types };
  return pathOf(await send(url, 'POST', '/v1/secrets', as(kind, { body })));
}

async function inTwo(url: string, kind: RealKind, payload: Buffer): Promise<string> {
  const path = pathOf(await send(url, 'POST', '/v1/secrets', as(kind, { body: {} })));
  const headers = { 'Content-Type': 'application/octet-stream' };
  expectStatus(await send(url, 'PUT', path, as(kind, { body: payload, headers })), 204);
  return path;
}

async function verify({ url }: ServingProcess, { stored, deleted, unsure }: Told): Promise<void> {
  const read = (path: string, kind: RealKind): Promise<Answer> =>
    send(url, 'GET', `${path}/payload`, as(kind, { headers: { Accept: 'application/octet-stream' } }));
  for (const [path, { kind, payload }] of stored) {
    const answer = await read(path, kind);
    expectStatus(answer, 200);
    expect(answer.bytes.equals(payload), `${kind} ${path}`).to.equal(true);
  }
  for (const [path, kind] of deleted) expectStatus(await read(path, kind), 404);
  for (const [path, { kind, payload }] of unsure) {
    const answer = await read(path, kind);
    if (answer.status === 200) expect(answer.bytes.equals(payload), `${kind} ${path}`).to.equal(true);
    else expectStatus(answer, 404);
  }
}

/** As the broker does every minute, without waiting until what was begun is old. */
async function sweepNow(file: string): Promise<void> {
  const broker = await compose(loadConfig(file, process.env), { log: createLog('error', () => undefined) });
  try {
    const { failed } = await sweep(broker.services, 0);
    expect(failed).to.equal(0);
  } finally {
    await broker.close();
  }
}
