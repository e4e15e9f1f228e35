import type { Database } from './database.ts';

/**
 * A statement of the hot path, in the words of each database. It goes to the driver as it stands: for a request that takes
 * one query, building that query anew would cost as much as waiting for it.
 */
export interface Statement {
  /** PostgreSQL parses and plans a named statement once per connection. */
  readonly name: string;
  /** With `$1`, `$2` … */
  readonly pg: string;
  /** With `?`. */
  readonly sqlite3: string;
}

export type Value = string | number | boolean | Buffer | null;

/** What knex's client for PostgreSQL gives, as far as we use it; a transaction's gives the transaction's connection. */
interface PostgresClient {
  acquireConnection(): Promise<PostgresConnection>;
  releaseConnection(connection: PostgresConnection): Promise<void>;
  emit(event: 'query-error', error: unknown, connection: PostgresConnection): void;
}

interface PostgresConnection {
  query(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: readonly Value[];
  }): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The same values, in the order of the placeholders, for both databases. */
export async function rowsOf<Row>(
  db: Database,
  statement: Statement,
  values: readonly Value[],
): Promise<readonly Row[]> {
  if (db.dialect === 'pg') return queryPostgres<Row>(db, statement, values);
  return (await db.knex.raw(statement.sqlite3, values as Value[])) as unknown as readonly Row[];
}

export async function queryPostgres<Row>(
  db: Database,
  { name, pg }: Omit<Statement, 'sqlite3'>,
  values: readonly Value[],
): Promise<readonly Row[]> {
  const client = db.knex.client as PostgresClient;
  const connection = await client.acquireConnection();
  try {
    return (await connection.query({ name, text: pg, values })).rows as readonly Row[];
  } catch (error) {
    // What the query builder does with an error of its own queries: whoever listens may have to end the connection.
    client.emit('query-error', error, connection);
    throw error;
  } finally {
    await client.releaseConnection(connection);
  }
}
