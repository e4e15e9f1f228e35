import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openDatabase,
  type Database,
  type DatabaseOptions,
  type Dialect,
} from '../../src/repositories/database.ts';
import { migrate } from '../../src/repositories/migrate.ts';

/** An open, migrated, empty database of the test's own. */
export interface TestDatabase extends Database {
  /** For a second connection, or another process, to the same data. */
  readonly options: DatabaseOptions;
  /** Closes the connections and removes the data. */
  close(): Promise<void>;
}

export interface TestDialect {
  readonly name: Dialect;
  /** Why `open` cannot work here; undefined when it can. */
  readonly absent: string | undefined;
  open(): Promise<TestDatabase>;
}

/**
 * Every SQL dialect we support. PostgreSQL needs `POSTERN_TEST_PG`, a `postgres://` URL of a server database in which
 * the role may create schemas; `POSTERN_REQUIRE=postgres` turns its absence from a skip into a failure.
 */
export function databases(): readonly TestDialect[] {
  const url = process.env['POSTERN_TEST_PG'];
  const absent = url === undefined ? 'POSTERN_TEST_PG is not set' : undefined;
  return [
    { name: 'sqlite3', absent: undefined, open: openSqlite },
    { name: 'pg', absent, open: () => openPostgres(url) },
  ];
}

/** The same suite once per dialect, each in a `describe` of its own; a dialect that is absent is skipped by name. */
export function describeDatabases(title: string, suite: (dialect: TestDialect) => void): void {
  for (const dialect of databases()) {
    describe(`${title} [${dialect.name}]`, () => {
      if (dialect.absent === undefined) suite(dialect);
      else skipAloud(dialect.absent, isRequired('postgres'));
    });
  }
}

/** For a test that is about something else, and long: PostgreSQL where it is, as in production, else SQLite. */
export function oneDatabase(): TestDialect {
  const dialects = databases();
  return dialects.findLast(({ absent }) => absent === undefined) ?? dialects[0]!;
}

/** One pending test that carries the reason, or one failing test when the missing part was required. */
export function skipAloud(reason: string, required: boolean): void {
  it(`absent: ${reason}`, function () {
    if (required) throw new Error(`required, but ${reason}`);
    this.skip();
  });
}

export function isRequired(part: string): boolean {
  return (process.env['POSTERN_REQUIRE'] ?? '').split(',').includes(part);
}

async function openSqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const options: DatabaseOptions = { client: 'sqlite3', filename: join(folder, 'postern.sqlite') };
  return migrated(options, async () => {
    rmSync(folder, { recursive: true, force: true });
  });
}

/** A schema, not a database: milliseconds instead of a file copy, and a role without CREATEDB can do it. */
async function openPostgres(url: string | undefined): Promise<TestDatabase> {
  if (url === undefined) throw new Error('POSTERN_TEST_PG is not set');
  const schema = `test_${randomBytes(8).toString('hex')}`;
  await onServer(url, `CREATE SCHEMA ${schema}`);
  const own = new URL(url);
  own.searchParams.set('options', `-csearch_path=${schema}`);
  const options: DatabaseOptions = { client: 'pg', connection: own.href, pool: { max: 4 } };
  return migrated(options, () => onServer(url, `DROP SCHEMA ${schema} CASCADE`));
}

async function onServer(url: string, statement: string): Promise<void> {
  const { knex } = openDatabase({ client: 'pg', connection: url, pool: { max: 1 } });
  try {
    await knex.raw(statement);
  } finally {
    await knex.destroy();
  }
}

async function migrated(options: DatabaseOptions, remove: () => Promise<void>): Promise<TestDatabase> {
  const db = openDatabase(options);
  const close = async (): Promise<void> => {
    await db.knex.destroy();
    await remove();
  };
  try {
    await migrate(db);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...db, options, close };
}
