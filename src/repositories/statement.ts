import pg from 'pg';
import type { Database } from './database.ts';

const { Query } = pg;
type Query = pg.Query;

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
/** An array goes into one placeholder of PostgreSQL's. */
export type PostgresValue = Value | readonly string[] | readonly Buffer[];

/** What knex's client for PostgreSQL gives, as far as we use it; a transaction's gives the transaction's connection. */
interface PostgresClient {
  acquireConnection(): Promise<PostgresConnection>;
  releaseConnection(connection: PostgresConnection): Promise<void>;
  emit(event: 'query-error', error: unknown, connection: PostgresConnection): void;
}

interface PostgresConnection {
  query(query: NamedQuery): void;
}

/** The driver's own object: made from a plain one, it would copy that property by property, descriptors and all. */
type NamedQuery = Query & { name: string };

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
  values: readonly PostgresValue[],
): Promise<readonly Row[]> {
  const client = db.knex.client as PostgresClient;
  const connection = await client.acquireConnection();
  try {
    return await submit<Row>(connection, name, pg, values);
  } catch (error) {
    // What the query builder does with an error of its own queries: whoever listens may have to end the connection.
    client.emit('query-error', error, connection);
    throw error;
  } finally {
    await client.releaseConnection(connection);
  }
}

function submit<Row>(
  connection: PostgresConnection,
  name: string,
  text: string,
  values: readonly PostgresValue[],
): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    const answered = (error: Error | null | undefined, result: { readonly rows: unknown }): void => {
      if (error) reject(error);
      else resolve(result.rows as readonly Row[]);
    };
    const query = new Query(text, values as PostgresValue[], answered) as NamedQuery;
    query.name = name;
    connection.query(query);
  });
}
