import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import knexModule, { type Knex } from 'knex';
import { BrokerError, DatabaseUnavailable, StoreUnavailable } from '../errors.ts';
import {
  ACQUIRE_TIMEOUT_MS,
  isQueryTimeout,
  openPostgres,
  QUERY_TIMEOUT_MS,
  SILENT,
  type PostgresOptions,
} from './open-postgres.ts';

export type Dialect = 'sqlite3' | 'pg';

export interface Database {
  readonly knex: Knex;
  readonly dialect: Dialect;
}

export type DatabaseOptions =
  { readonly client: 'sqlite3'; readonly filename: string } | ({ readonly client: 'pg' } & PostgresOptions);

/** Another process (a migration, the command line) may hold SQLite's one writer for a moment. */
const SQLITE_BUSY_TIMEOUT_MS = 5_000;

/** `patient`: a migration may take as long as it takes. */
export function openDatabase(options: DatabaseOptions, { patient = false } = {}): Database {
  if (options.client === 'sqlite3') return openSqlite(options.filename);
  return { knex: openPostgres(options, patient ? 0 : QUERY_TIMEOUT_MS), dialect: 'pg' };
}

function openSqlite(filename: string): Database {
  if (filename !== ':memory:') mkdirSync(dirname(filename), { recursive: true, mode: 0o700 });
  const knex = knexModule({
    client: 'sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    log: SILENT,
    // Statements are logged with their errors; the values bound to them are the callers'.
    compileSqlOnError: false,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    pool: {
      min: 1,
      max: 1,
      // FULL: an acknowledged secret survives a power cut, not only a crash of ours.
      afterCreate: (connection: SqliteConnection, done: (error: Error | null) => void) => {
        connection.exec(
          `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
           PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}; PRAGMA secure_delete = ON;`,
          done,
        );
      },
    },
  });
  return { knex, dialect: 'sqlite3' };
}

interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

/** Resolves when the database answers. */
export async function ping(db: Database): Promise<void> {
  await translated(async () => {
    await db.knex.raw('select 1');
  });
}

/** All of `work`'s statements or none. Never call a store inside: a slow store would hold the connection. */
export async function transaction<T>(db: Database, work: (tx: Database) => Promise<T>): Promise<T> {
  return translated(() => db.knex.transaction((trx) => work({ knex: trx, dialect: db.dialect })));
}

/** The same repository, its database failures told apart: no answer is `DatabaseUnavailable` (503), never absence. */
export function guarded<T extends object>(repository: T): T {
  const members: readonly [string, unknown][] = Object.entries(repository);
  const entries = members.map(([name, member]) => {
    if (typeof member !== 'function') return [name, member] as const;
    const method = member as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => translated(() => method.apply(repository, args))] as const;
  });
  return Object.fromEntries(entries) as T;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUnusableKek(error))
      throw new StoreUnavailable('the KEK was destroyed while it sealed', { cause: error });
    if (error instanceof BrokerError || !isOutage(error)) throw error;
    throw new DatabaseUnavailable('The database is not available.', { cause: error });
  }
}

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
const SQLITE_CODES = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_IOERR',
  'SQLITE_FULL',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
]);
/** PostgreSQL: connection exceptions, insufficient resources, shutdown, cannot connect now, read-only standby, serialisation, deadlock. */
const SQLSTATE_OUTAGE = /^(08...|53...|57P0.|25006|40001|40P01)$/;

/** What driver and pool say without any code; the query builder puts the statement in front. */
const LOST_CONNECTION =
  /(Connection terminated.*|Connection ended unexpectedly|is not queryable|timeout expired|Unable to acquire a connection)$/;

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'KnexTimeoutError' || isQueryTimeout(error) || LOST_CONNECTION.test(error.message))
    return true;
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' &&
    (SOCKET_CODES.has(code) || SQLITE_CODES.has(code) || SQLSTATE_OUTAGE.test(code))
  );
}

/** True for a violated unique or primary key, in either dialect. */
export function isDuplicate(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    code === '23505' ||
    (code === 'SQLITE_CONSTRAINT' && typeof message === 'string' && message.includes('UNIQUE'))
  );
}

/** The name of the rule, in either dialect, that no payload is under a KEK that was destroyed. */
const USABLE_KEK = 'sealed_payloads_usable_kek';

/** True when a KEK could not be destroyed because a payload needs it, or a payload not be written because it was. */
export function isUnusableKek(error: unknown): boolean {
  const { constraint, message } = error as { constraint?: unknown; message?: unknown };
  return constraint === USABLE_KEK || (typeof message === 'string' && message.includes(USABLE_KEK));
}
