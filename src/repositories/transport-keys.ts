import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** A public key with which clients may wrap payloads for a store that can unwrap them. */
export interface TransportKey {
  readonly id: string;
  /** Whose private key belongs to it, in the words of whoever registered it. */
  readonly pluginName: string;
  readonly transportKey: string;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

export interface TransportKeyQuery {
  /** Undefined: of all. */
  readonly pluginName: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface TransportKeyRepository {
  insert(key: TransportKey): Promise<void>;
  find(id: string): Promise<TransportKey | undefined>;
  /** Ids in the order of creation; `total` counts all that match. */
  listIds(query: TransportKeyQuery): Promise<{ readonly ids: readonly string[]; readonly total: number }>;
  /** False: there was none. */
  remove(id: string): Promise<boolean>;
}

interface TransportKeyRow {
  readonly id: string;
  readonly plugin_name: string;
  readonly transport_key: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function createTransportKeyRepository(db: Database): TransportKeyRepository {
  return guarded<TransportKeyRepository>({
    insert: async ({ id, pluginName, transportKey, createdAt, updatedAt }) => {
      const row: TransportKeyRow = {
        id,
        plugin_name: pluginName,
        transport_key: transportKey,
        created_at: createdAt,
        updated_at: updatedAt,
      };
      await db.knex('transport_keys').insert(row);
    },
    find: async (id) => {
      const row = (await db.knex('transport_keys').where({ id }).first()) as TransportKeyRow | undefined;
      return row && toTransportKey(row);
    },
    listIds: (query) => listIds(db, query),
    remove: async (id) => (await db.knex('transport_keys').where({ id }).delete()) === 1,
  });
}

async function listIds(
  db: Database,
  { pluginName, limit, offset }: TransportKeyQuery,
): ReturnType<TransportKeyRepository['listIds']> {
  const matching = db.knex('transport_keys');
  if (pluginName !== undefined) matching.where({ plugin_name: pluginName });
  const rows = (await matching
    .clone()
    .select('id')
    .orderBy([{ column: 'created_at' }, { column: 'id' }])
    .limit(limit)
    .offset(offset)) as { id: string }[];
  const counted = (await matching.clone().count({ total: '*' }).first()) as
    { total: number | string } | undefined;
  return { ids: rows.map(({ id }) => id), total: Number(counted?.total ?? 0) };
}

function toTransportKey(row: TransportKeyRow): TransportKey {
  return {
    id: row.id,
    pluginName: row.plugin_name,
    transportKey: row.transport_key,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}
