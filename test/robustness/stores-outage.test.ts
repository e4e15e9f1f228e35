import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { oneDatabase, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import {
  absentServers,
  areServersRequired,
  REAL_STORES,
  service,
  type RealKind,
} from '../helpers/real-stores.ts';
import {
  createWorkplace,
  serveProcess,
  until,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { startStoreLoad, type StoreLoad, type Tally } from './store-load.ts';
import { assignEach, configureAllStores } from './several-stores.ts';

/** How long a server stays away. */
const AWAY_MS = 4_000;
/** From the moment the server serves again. */
const BACK_MS = 15_000;
const CHILD_BACK_MS = 2_000;

/** One broker, all five stores under load, and one server after the other fails. What it prints is in docs/reliability.md. */
describe('a broker with five stores, one of which fails', function () {
  this.timeout(180_000);
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  let place: Workplace;
  let database: TestDatabase;
  let broker: ServingProcess;
  let load: StoreLoad;
  // In the order in which they are to be undone, as far as it got.
  const undo: (() => unknown)[] = [];
  const report: string[] = [];

  before(async () => {
    place = createWorkplace();
    undo.push(() => place.remove());
    database = await oneDatabase().open();
    undo.push(() => database.close());
    const file = await configureAllStores(place, database);
    await assignEach(file, REAL_STORES);
    broker = await serveProcess(file);
    undo.push(() => {
      broker.kill('SIGTERM');
      return broker.ended;
    });
    load = await startStoreLoad(
      broker.url,
      REAL_STORES.map(({ kind }) => kind),
    );
    undo.push(() => load.stop());
  });
  after(async () => {
    for (const step of undo.reverse()) await step();
    process.stdout.write(report.map((line) => `      ${line}\n`).join(''));
  });

  /** Everybody else goes on as if nothing were. */
  const expectOthersWell = (kind: RealKind, tallies: ReadonlyMap<RealKind, Tally>): void => {
    for (const [other, { statuses, wrong }] of tallies) {
      expect(wrong, `${other}: payloads that were not what was stored`).to.equal(0);
      const allowed = other === kind ? [200, 201, 503] : [200, 201];
      expect(
        [...statuses.keys()].filter((status) => !allowed.includes(status)),
        `${other} while ${kind} failed`,
      ).to.deep.equal([]);
      expect(statuses.get(200) ?? 0, `${other}: reads`).to.be.above(0);
    }
  };
  const tell = (
    kind: RealKind,
    what: string,
    backMs: number,
    tallies: ReadonlyMap<RealKind, Tally>,
  ): void => {
    const own = tallies.get(kind)!;
    const others = [...tallies].filter(([other]) => other !== kind);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const served = sum(others.map(([, { statuses }]) => (statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)));
    report.push(
      `${kind}, ${what}: ${own.statuses.get(503) ?? 0} requests got 503 (the slowest after ${own.slowestMs} ms), ` +
        `${served} of other stores were served and none failed; well again ${backMs} ms after the server`,
    );
  };

  for (const { kind, service: script } of REAL_STORES) {
    if (script === undefined) continue;
    it(`${kind}: its server is stopped and started again`, async () => {
      await load.settle();
      load.reset();
      await service(script, 'down');
      await sleep(AWAY_MS);
      const down = await (await fetch(`${broker.url}/ready`)).json();
      expect(down).to.deep.include({ status: 'degraded', database: 'ok' });
      expect((down as { stores: Record<RealKind, string> }).stores[kind]).to.equal('unavailable');
      await service(script, 'up');
      const began = performance.now();
      await load.until200(kind, BACK_MS);
      const backMs = Math.round(performance.now() - began);
      await load.settle();
      const tallies = load.tallies();
      expect(tallies.get(kind)!.statuses.get(503) ?? 0, 'requests that failed').to.be.above(0);
      expectOthersWell(kind, tallies);
      tell(kind, 'server stopped and started', backMs, tallies);
    });
  }

  it('pkcs11: the process that holds the HSM is killed by a segmentation fault, three times', async () => {
    await load.settle();
    load.reset();
    let backMs = 0;
    for (let round = 0; round < 3; round += 1) {
      const pid = tokenProcessOf(broker.pid);
      process.kill(pid, 'SIGSEGV');
      const began = performance.now();
      await until(
        () => (tokenProcessOf(broker.pid, pid) === 0 ? undefined : true),
        'another process for the HSM',
      );
      await load.until200('pkcs11', BACK_MS);
      backMs = Math.max(backMs, Math.round(performance.now() - began));
      await sleep(1_500);
    }
    await load.settle();
    const tallies = load.tallies();
    expectOthersWell('pkcs11', tallies);
    expect(backMs).to.be.below(CHILD_BACK_MS);
    tell('pkcs11', 'its process killed by SIGSEGV three times', backMs, tallies);
  });

  it('every payload that was acknowledged is there afterwards', async () => {
    const { acknowledged, missing } = await load.readAllBack();
    for (const { kind } of REAL_STORES) {
      expect(missing.get(kind) ?? [], `${kind}: lost`).to.deep.equal([]);
      expect(acknowledged.get(kind) ?? 0, `${kind}: written under load`).to.be.above(0);
    }
    report.push(
      `acknowledged and read back: ${[...acknowledged].map(([kind, n]) => `${kind} ${n}`).join(', ')}`,
    );
  });
});

/** The child of the broker that loaded the vendor's module; 0 if there is none but `not`. */
function tokenProcessOf(parent: number, not = 0): number {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const pid = Number(entry);
    if (pid === not || parentOf(pid) !== parent) continue;
    if (commandOf(pid).includes('token-process')) return pid;
  }
  return 0;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
