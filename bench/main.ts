import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createSchema, postgresServer, type BenchDatabase } from './database.ts';
import type { Load, Measured } from './load.ts';
import { startPostern } from './postern.ts';
import { forkSource, messageOf, type Child } from './processes.ts';
import { profileReport } from './profile.ts';
import { storeRows } from './stores/rows.ts';
import { prepareWorkloads, type Request, type Workload } from './workloads.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    stores: { type: 'boolean', default: false },
    only: { type: 'string' },
    concurrency: { type: 'string', default: '16' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const HELP = `npm run bench -- [--quick] [--json] [--profile] [--only WORKLOAD] [--concurrency N] [--stores]

Postern's requests per second as a share of the floor's (bench/floor.ts), both on this machine and on the same PostgreSQL:
the server of POSTERN_TEST_PG, or one of our own. --profile also prints where Postern spends its time.
--stores measures the secret stores instead, beside the raw protocol of each server that test/services has up.
`;

/** Odd, so that the median is a round that happened; many short ones, so that a busy moment of the machine spoils one. */
const ROUNDS = options.quick ? 5 : 11;
const SECONDS = options.quick ? 1 : 3;
/** Run before the first round and thrown away: compilers and connection pools warm up. */
const WARM_UP_SECONDS = options.quick ? 1.5 : 4;

interface Round {
  readonly floor: Measured;
  readonly postern: Measured;
}

interface Result extends Round {
  readonly workload: Workload['name'];
  readonly ratio: number;
}

type Measure = (request: Request, seconds: number) => Promise<Measured>;

function measureWith(generator: Child): Measure {
  return async (request, seconds) => {
    const load: Load = { ...request, concurrency: Number(options.concurrency), seconds };
    const answer = messageOf<Measured>(generator);
    generator.process.send(load);
    const measured = await answer;
    if (measured.errors > 0) throw new Error(`${measured.errors} errors, the first: ${measured.error}`);
    return measured;
  };
}

/** Floor, Postern, floor, Postern …: whatever else slows the machine slows both. */
async function compare(workload: Workload, measure: Measure): Promise<Result> {
  await measure(workload.floor, WARM_UP_SECONDS);
  await measure(workload.postern, WARM_UP_SECONDS);
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const floor = await measure(workload.floor, SECONDS);
    rounds.push({ floor, postern: await measure(workload.postern, SECONDS) });
  }
  return { workload: workload.name, ...median(rounds) };
}

/** By the ratio within a round, whose two halves had the same machine. */
function median(rounds: readonly Round[]): Round & { readonly ratio: number } {
  const rated = rounds.map((round) => ({ ...round, ratio: round.postern.perSecond / round.floor.perSecond }));
  rated.sort((a, b) => a.ratio - b.ratio);
  const middle = rated[Math.floor(rated.length / 2)];
  if (middle === undefined) throw new Error('no round was measured');
  return middle;
}

function table(results: readonly Result[]): string {
  const header = ['workload', 'postern/s', 'floor/s', 'ratio', 'p50 ms', 'p99 ms'];
  const rows = results.map(({ workload, postern, floor, ratio }) => [
    workload,
    postern.perSecond.toFixed(0),
    floor.perSecond.toFixed(0),
    ratio.toFixed(3),
    postern.p50Ms.toFixed(2),
    postern.p99Ms.toFixed(2),
  ]);
  return [header, ...rows].map((row) => row.map((cell) => cell.padStart(10)).join(' ')).join('\n');
}

async function bench(database: BenchDatabase, folder: string, children: Child[]): Promise<readonly Result[]> {
  const started = <T extends Child>(child: T): T => {
    children.push(child);
    return child;
  };
  const generator = started(forkSource('load-process.ts', []));
  const floor = started(forkSource('floor.ts', [database.url]));
  const floorPort = await messageOf<number>(floor);
  const profiling = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
  const postern = started(await startPostern(folder, database.url, profiling));
  const workloads = await prepareWorkloads({ postern: postern.port, floor: floorPort }, database);
  const results: Result[] = [];
  for (const workload of workloads) {
    if (options.only === undefined || options.only === workload.name) {
      results.push(await compare(workload, measureWith(generator)));
    }
  }
  return results;
}

/** Fewer and shorter: a KRA takes a quarter of a second for one payload, and every round starts anew. */
const STORE_ROUNDS = options.quick ? 3 : 5;
const STORE_SECONDS = options.quick ? 1 : 3;

async function benchStores(): Promise<void> {
  const { rows, absent } = await storeRows(STORE_ROUNDS, STORE_SECONDS);
  const number = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
  const header = ['store', 'put/s', 'raw put/s', 'ratio', 'get/s', 'raw get/s', 'ratio', 'raw is'];
  const cells = rows.map(({ kind, raw, put, get }) => [
    kind,
    ...[put, get].flatMap((side) => [number(side.postern), number(side.raw), side.ratio.toFixed(3)]),
    raw,
  ]);
  console.log([header, ...cells].map((row) => row.map((cell) => cell.padStart(10)).join(' ')).join('\n'));
  if (absent.length > 0) console.log(`not measured, no server: ${absent.join(', ')}`);
  const stores = Object.fromEntries(rows.map(({ kind, put, get }) => [kind, { put, get }]));
  if (options.json) console.log(JSON.stringify({ stores }));
}

async function main(): Promise<void> {
  const parent = fileURLToPath(new URL('../var', import.meta.url));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'bench-'));
  const server = postgresServer();
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.splice(0)) await child.stop();
  };
  try {
    const database = await createSchema(server.url);
    try {
      const results = await bench(database, folder, children);
      await stop();
      if (options.profile) console.log(`${profileReport(folder)}\n`);
      console.log(table(results));
      const ratios = Object.fromEntries(
        results.map(({ workload, ratio }) => [workload, Number(ratio.toFixed(4))]),
      );
      if (options.json) console.log(JSON.stringify({ ratios }));
    } finally {
      await stop();
      await database.drop();
    }
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (options.help) process.stdout.write(HELP);
else await (options.stores ? benchStores() : main());
