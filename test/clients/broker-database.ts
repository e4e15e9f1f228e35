import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { exported, type Service } from './services.ts';

export type DatabaseKind = 'sqlite3' | 'pg';

/** The `database` section of a configuration, and how to remove what it points to. */
export interface BrokerDatabase {
  readonly section: Readonly<Record<string, unknown>>;
  remove(): Promise<void>;
}

/** Each suite runs on both; `POSTERN_CLIENTS_DATABASE` narrows it to one, for a quicker look. */
export function databaseKinds(): readonly DatabaseKind[] {
  const chosen = process.env['POSTERN_CLIENTS_DATABASE'];
  const kinds: readonly DatabaseKind[] = ['sqlite3', 'pg'];
  return chosen === undefined ? kinds : kinds.filter((kind) => kind === chosen);
}

/** The services a broker on this database needs, beside those of its test. */
export const servicesOf = (kind: DatabaseKind): readonly Service[] => (kind === 'pg' ? ['postgres'] : []);

export async function openBrokerDatabase(kind: DatabaseKind, folder: string): Promise<BrokerDatabase> {
  if (kind === 'sqlite3') {
    const section = { client: kind, filename: join(folder, 'postern.sqlite') };
    return { section, remove: () => Promise.resolve() };
  }
  const url = exported('postgres', 'POSTERN_TEST_PG');
  const schema = `clients_${randomBytes(8).toString('hex')}`;
  await onServer(url, `CREATE SCHEMA ${schema}`);
  const own = new URL(url);
  own.searchParams.set('options', `-csearch_path=${schema}`);
  const section = { client: kind, connection: own.href };
  return { section, remove: () => onServer(url, `DROP SCHEMA ${schema} CASCADE`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
