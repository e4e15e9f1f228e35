import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { compose } from '../../src/compose.ts';
import { loadConfig } from '../../src/config-file.ts';
import { sweep } from '../../src/jobs/sweep.ts';
import { createLog } from '../../src/log.ts';
import { projectId } from '../../src/model/ids.ts';
import { payloadOf } from '../conformance/secret-store-fixture.ts';
import { oneDatabase, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { absentServers, areServersRequired, REAL_STORES, type RealKind } from '../helpers/real-stores.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import {
  configuration,
  createWorkplace,
  databaseSection,
  rowsOf,
  runPostern,
  serveProcess,
  startPostern,
  type ServingProcess,
  type Workplace,
} from '../robustness/broker-process.ts';
import { pathOf, send, textSecret, type Sent } from '../robustness/client.ts';
import { objectsAt, ownStore } from '../robustness/objects-at.ts';
import { expectStatus } from '../robustness/rounds.ts';
import { assignEach } from '../robustness/several-stores.ts';

/** How often a collector is killed. */
const KILLS = Math.min(5, Number(process.env['KILL9_ROUNDS'] ?? 3));
/** Of it, from before it has opened its stores until it is through. */
const KILLED_AFTER_MS = [1_200, 6_000] as const;
const ORPHANS = 12;
/** Stores that can hold what no row refers to. */
const ELSEWHERE = REAL_STORES.filter(({ service }) => service !== undefined);

describe('kill -9 of collectors while clients are at it', () => {
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  /** In front of the names of all that this run leaves at a server. */
  const run = `gc-${randomUUID()}`;
  const stored = new Map<string, { readonly kind: RealKind; readonly payload: string }>();
  const deleted = new Map<string, RealKind>();
  let place: Workplace;
  let database: TestDatabase;
  let file: string;

  before(async function () {
    this.timeout(90_000);
    place = createWorkplace();
    database = await oneDatabase().open();
    const stores = {
      default: 'vault',
      configured: ELSEWHERE.map(({ kind }) => ownStore(kind, place.folder, run)),
    };
    file = place.config(configuration(place, { database: databaseSection(database.options), stores }));
    await assignEach(file, ELSEWHERE);
    await leaveOrphans();
  });
  after(async () => {
    await database.close();
    place.remove();
  });

  /** What a broker without rows would leave: as if its database had been lost. */
  async function leaveOrphans(): Promise<void> {
    const broker = await compose(loadConfig(file, process.env), { log: SILENT });
    try {
      for (const { kind } of ELSEWHERE) {
        for (let count = 0; count < ORPHANS; count += 1) {
          const header = aSecretHeader({ projectId: projectId(`p-${kind}`) });
          await broker.services.stores.named(kind).put(header, payloadOf('orphan'));
        }
      }
    } finally {
      await broker.close();
    }
  }

  const as = (kind: RealKind, sent: Sent = {}): Sent => ({ ...sent, project: `p-${kind}` });
  const TEXT = { headers: { Accept: 'text/plain' } };

  async function live({ url }: ServingProcess): Promise<void> {
    const { kind } = ELSEWHERE[randomInt(ELSEWHERE.length)]!;
    const payload = `payload ${randomUUID()}`;
    const path = pathOf(await send(url, 'POST', '/v1/secrets', as(kind, { body: textSecret(payload) })));
    stored.set(path, { kind, payload });
    const answer = await send(url, 'GET', `${path}/payload`, as(kind, TEXT));
    expect(answer.text, `${kind} ${path}`).to.equal(payload);
    if (randomInt(2) === 0) return;
    stored.delete(path);
    expectStatus(await send(url, 'DELETE', path, as(kind)), 204);
    deleted.set(path, kind);
  }

  async function verify({ url }: ServingProcess): Promise<void> {
    for (const [path, { kind, payload }] of stored) {
      const answer = await send(url, 'GET', `${path}/payload`, as(kind, TEXT));
      expect(answer.text, `${kind} ${path}`).to.equal(payload);
    }
    for (const [path, kind] of deleted)
      expectStatus(await send(url, 'GET', `${path}/payload`, as(kind, TEXT)), 404);
  }

  it('loses nothing that a row refers to, and one that lives to its end leaves nothing else', async function () {
    this.timeout(KILLS * 20_000 + 120_000);
    const collect = ['gc', '--destroy', '--at-most', '1000', '--rate', '6', '--json', '--config', file];
    const broker = await serveProcess(file);
    const working = { on: true };
    const clients = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (working.on) await live(broker);
      }),
    );
    for (let kill = 0; kill < KILLS; kill += 1) {
      const collectors = [startPostern(collect), startPostern(collect)];
      await pause(randomInt(...KILLED_AFTER_MS));
      for (const collector of collectors) collector.kill('SIGKILL');
      await Promise.all(collectors.map(({ ended }) => ended));
    }
    working.on = false;
    await clients;
    await verify(broker);
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    expect(stored.size + deleted.size, 'clients were at it').to.be.above(10);
    await sweepNow();
    // After the last client: a request that was sent twice leaves a second object, which only a collector finds.
    const whole = await runPostern(collect.filter((word) => word !== '--rate' && word !== '6'));
    expect(whole.code, whole.stdout + whole.stderr).to.equal(0);
    await expectTidy();
  });

  async function sweepNow(): Promise<void> {
    const broker = await compose(loadConfig(file, process.env), { log: SILENT });
    const { failed } = await sweep(broker.services, 0);
    await broker.close();
    expect(failed, 'half done and not to be finished').to.equal(0);
  }

  /** As each server itself lists what it holds. */
  async function expectTidy(): Promise<void> {
    const rows = await rowsOf(database.options, 'select id, store, state from secrets');
    expect(rows.filter(({ state }) => state !== 'active')).to.deep.equal([]);
    for (const { kind } of ELSEWHERE) {
      const ids = rows.filter(({ store }) => store === kind).map(({ id }) => String(id));
      const objects = await objectsAt({ name: kind, kind }, run, database);
      expect([...objects].sort(), `objects at ${kind}`).to.deep.equal(ids.sort());
    }
  }
});

const SILENT = createLog('error', () => undefined);
