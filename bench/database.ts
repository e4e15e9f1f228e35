import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface BenchDatabase {
  /** With a schema of its own in front. */
  readonly url: string;
  run(statement: string, values?: readonly unknown[]): Promise<void>;
  drop(): Promise<void>;
}

export interface Server {
  readonly url: string;
  stop(): void;
}

const SCRIPT = fileURLToPath(new URL('../test/services/postgres.sh', import.meta.url));
/** Not the port the tests use: both may run at once. */
const OWN_PORT = '54339';

/** The server that POSTERN_TEST_PG names, or one of our own for as long as the benchmark runs. */
export function postgresServer(): Server {
  const given = process.env['POSTERN_TEST_PG'];
  if (given !== undefined) return { url: given, stop: () => undefined };
  const env = { ...process.env, POSTERN_PG_PORT: OWN_PORT };
  const script = (command: string): string =>
    execFileSync(SCRIPT, ['--dir', fileURLToPath(new URL('../var/bench', import.meta.url)), command], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  script('up');
  const url = /POSTERN_TEST_PG='?([^'\n]+)/.exec(script('env'))?.[1];
  if (url === undefined) throw new Error('the script that runs PostgreSQL names no URL');
  return { url, stop: () => void script('down') };
}

/** An empty schema, removed by `drop`. */
export async function createSchema(server: string): Promise<BenchDatabase> {
  const schema = `bench_${randomBytes(6).toString('hex')}`;
  const url = new URL(server);
  url.searchParams.set('options', `-csearch_path=${schema}`);
  await once(server, `create schema ${schema}`);
  return {
    url: url.href,
    run: (statement, values) => once(url.href, statement, values),
    drop: () => once(server, `drop schema ${schema} cascade`),
  };
}

async function once(
  connectionString: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement, [...values]);
  } finally {
    await client.end();
  }
}
