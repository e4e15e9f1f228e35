import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { builtMain } from '../helpers/built.ts';
import { openBrokerDatabase, type BrokerDatabase, type DatabaseKind } from './broker-database.ts';
import { runOk } from './run.ts';

export interface BrokerOptions {
  readonly database: DatabaseKind;
  /** One entry of the configuration's `identity`. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** What the policy's data is told beside its defaults. */
  readonly policyData?: Readonly<Record<string, unknown>>;
  /** The names of its secret stores, the default first: one, if left out. */
  readonly stores?: readonly [string, ...string[]] | StoresSection;
  /** Commands to give before it starts, that its stores need. Any may fail: what they make may be there. */
  readonly prepare?: readonly (readonly string[])[];
  /** Where it listens: for clients with a catalogue, what the catalogue says. */
  readonly url: string;
}

/** The `stores` section of the configuration; files of its own go to the folder. */
export type StoresSection = (folder: string) => object;

/** A broker in a process of its own, from the sources, with nothing of the test inside. */
export interface RunningBroker {
  readonly url: string;
  /** What it has logged so far. */
  log(): string;
  /** What the command line says when it is given the broker's configuration. */
  command(...words: readonly string[]): Promise<string>;
  /** Asks it to stop, and fails when it does not end well by itself. Removes all it wrote. */
  stop(): Promise<void>;
}

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
/** On a busy machine. */
const START_MS = 30_000;
const STOP_MS = 15_000;

export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  await assertNobodyListens(options.url);
  const folder = await mkdtemp(join(tmpdir(), 'postern-clients-'));
  const database = await openBrokerDatabase(options.database, folder);
  const config = join(folder, 'postern.yaml');
  await writeFile(config, stringify(configuration(options, folder, database)));
  const output: string[] = [];
  const clean = async (): Promise<void> => {
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    // SQLite migrates itself; on PostgreSQL this is the operator's step.
    if (options.database === 'pg')
      await runOk(process.execPath, [builtMain(), 'db', 'migrate', '--config', config]);
    for (const words of options.prepare ?? []) {
      await runOk(process.execPath, [builtMain(), ...words, '--config', config]).catch(() => undefined);
    }
    const child = spawnBroker(config, output);
    await ready(child, options.url, output);
    return {
      url: options.url,
      log: () => output.join(''),
      command: (...words) => runOk(process.execPath, [builtMain(), ...words, '--config', config]),
      stop: () => end(child, output).finally(clean),
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

function configuration(options: BrokerOptions, folder: string, database: BrokerDatabase): object {
  const { hostname, port } = new URL(options.url);
  return {
    listen: { host: hostname, port: Number(port) },
    database: database.section,
    identity: [options.identity],
    policy: { data: options.policyData ?? {} },
    stores: storesSection(options.stores ?? ['software'], folder),
    audit: { sinks: [{ kind: 'file', path: join(folder, 'audit.jsonl') }] },
    log: { level: 'info' },
  };
}

function storesSection(stores: NonNullable<BrokerOptions['stores']>, folder: string): object {
  if (typeof stores === 'function') return stores(folder);
  return { default: stores[0], configured: stores.map((name) => softwareStore(name, folder)) };
}

function softwareStore(name: string, folder: string): object {
  const key = { file: join(folder, `${name}.key`), generate: true };
  return { name, kind: 'simple_crypto', master_keys: [{ id: `${name}-key`, key }] };
}

function spawnBroker(config: string, output: string[]): ChildProcess {
  const child = spawn(process.execPath, [builtMain(), 'serve', '--config', config], {
    cwd: CLONE,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  return child;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function ready(child: ChildProcess, url: string, output: readonly string[]): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && !hasEnded(child)) {
    if (await answers(url)) return;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error(`the broker does not serve ${url}:\n${output.join('')}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/`, { redirect: 'manual' })).status === 300;
  } catch {
    return false;
  }
}

/** Another broker on the port would answer our tests, and pass or fail them. */
async function assertNobodyListens(url: string): Promise<void> {
  if (await answers(url)) throw new Error(`something serves ${url} already: stop it first`);
}

async function end(child: ChildProcess, output: readonly string[]): Promise<void> {
  if (!hasEnded(child)) child.kill('SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (!hasEnded(child) && Date.now() < deadline) await sleep(20);
  if (child.exitCode === 0) return;
  child.kill('SIGKILL');
  const how = child.exitCode ?? child.signalCode ?? 'no end after SIGTERM';
  throw new Error(`the broker did not stop well (${how}):\n${output.slice(-20).join('')}`);
}
