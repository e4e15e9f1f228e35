import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtMain } from '../helpers/built.ts';
import { openDatabase, type DatabaseOptions } from '../../src/repositories/database.ts';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
/** On a busy machine. */
const START_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `postern` as its own process. */
export interface PosternProcess {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

/** A broker that serves; of several workers the first url counts, they share it. */
export interface ServingProcess extends PosternProcess {
  readonly url: string;
}

export function startPostern(args: readonly string[], env: NodeJS.ProcessEnv = {}): PosternProcess {
  const child = spawn(process.execPath, [builtMain(), ...args], {
    cwd: CLONE,
    env: { ...process.env, POSTERN_CONFIG: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return { pid: child.pid ?? 0, ended, stdout, stderr, kill: (signal) => void child.kill(signal) };
}

function collect(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

export interface Ran extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ends by itself. */
export async function runPostern(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const postern = startPostern(args, env);
  const ended = await postern.ended;
  return { ...ended, stdout: postern.stdout(), stderr: postern.stderr() };
}

/** Returns once the broker listens; fails with what it said if it ends instead. */
export async function serveProcess(file: string, env: NodeJS.ProcessEnv = {}): Promise<ServingProcess> {
  const postern = startPostern(['serve', '--config', file], env);
  const dead = postern.ended.then(({ code, signal }) => {
    throw new Error(`the broker ended with ${String(code ?? signal)}: ${postern.stderr()}`);
  });
  dead.catch(() => undefined);
  const listening = until(() => urlIn(postern.stderr()), 'the broker to listen', START_MS).catch(
    (error: unknown) => {
      postern.kill('SIGKILL');
      throw new Error(`${String(error)}: ${postern.stderr()}`);
    },
  );
  const url = await Promise.race([listening, dead]);
  return { ...postern, url };
}

function urlIn(log: string): string | undefined {
  return /"message":"listening","url":"([^"]+)"/.exec(log)?.[1];
}

/** Asks again until there is an answer. */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  what: string,
  ms = 10_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A folder of the test's own, and configuration files in it. */
export interface Workplace {
  readonly folder: string;
  readonly path: (name: string) => string;
  /** JSON is YAML. Text is written as it is. */
  config(value: object | string, name?: string): string;
  remove(): void;
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const path = (name: string): string => join(folder, name);
  return {
    folder,
    path,
    config: (value, name = 'postern.yaml') => {
      writeFileSync(path(name), typeof value === 'string' ? value : JSON.stringify(value, null, 2));
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
export const OTHER_KEY = Buffer.alloc(32, 8).toString('base64');

export function softwareStore(name: string, key: string): Readonly<Record<string, unknown>> {
  return { name, kind: 'simple_crypto', master_keys: [{ id: `of-${name}`, key }] };
}

/** A whole configuration whose files lie in the workplace; `changes` replaces sections. */
export function configuration(
  { path }: Workplace,
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    listen: { port: 0 },
    database: { client: 'sqlite3', filename: path('postern.sqlite') },
    identity: [{ kind: 'headers' }],
    stores: { default: 'software', configured: [softwareStore('software', MASTER_KEY)] },
    audit: { sinks: [{ kind: 'file', path: path('audit.jsonl') }] },
    ...changes,
  };
}

/** A database's options as a configuration section: the test migrated it. */
export function databaseSection(options: DatabaseOptions): Readonly<Record<string, unknown>> {
  return options.client === 'pg' ? { ...options, pool: { max: 4 } } : { ...options };
}

/** All rows of a query on the database of a configuration, over a connection of the test's own. */
export async function rowsOf(
  options: DatabaseOptions,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const { knex, dialect } = openDatabase(options);
  try {
    const result = (await knex.raw(sql)) as unknown;
    return dialect === 'pg'
      ? (result as { rows: Record<string, unknown>[] }).rows
      : (result as Record<string, unknown>[]);
  } finally {
    await knex.destroy();
  }
}
