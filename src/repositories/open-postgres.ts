import knexModule, { type Knex } from 'knex';

export interface PostgresOptions {
  readonly connection: string;
  readonly pool?: { readonly max: number };
}

/** Waiting longer for a connection than this is an outage to the caller. */
export const ACQUIRE_TIMEOUT_MS = 5_000;
/** Every statement of a request takes milliseconds. A server that says nothing for this long is gone. */
export const QUERY_TIMEOUT_MS = 5_000;
const DEFAULT_POOL_SIZE = 10;

/** What the library gives us per connection, as far as we use it. */
interface Connection {
  readonly __knexUid: string;
  once(event: 'end', then: () => void): void;
  end(): Promise<void>;
}

/** `queryTimeoutMs` 0: none, for migrations of large tables. */
export function openPostgres({ connection, pool }: PostgresOptions, queryTimeoutMs: number): Knex {
  const connections = new Map<string, Connection>();
  const knex = knexModule({
    client: 'pg',
    connection: {
      connectionString: connection,
      connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    pool: {
      min: 0,
      max: pool?.max ?? DEFAULT_POOL_SIZE,
      afterCreate: (created: Connection, done: (error: Error | null, connection: Connection) => void) => {
        connections.set(created.__knexUid, created);
        created.once('end', () => connections.delete(created.__knexUid));
        done(null, created);
      },
    },
    log: SILENT,
    // Statements are logged with their errors; the values bound to them are the callers'.
    compileSqlOnError: false,
  });
  // The pool would hand the connection out again, and every request it got would wait in vain behind the first.
  knex.on('query-error', (error: unknown, { __knexUid }: Pick<Connection, '__knexUid'>) => {
    if (isQueryTimeout(error))
      connections
        .get(__knexUid)
        ?.end()
        .catch(() => undefined);
  });
  return knex;
}

/** The driver has no code for it; the query builder puts the statement in front of the driver's words. */
export function isQueryTimeout(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('Query read timeout');
}

/** The query builder prints what it then throws as well, in lines that are no JSON: our log gets it from the error. */
const nothing = (): void => undefined;
export const SILENT = { debug: nothing, warn: nothing, error: nothing, deprecate: nothing };
