import { randomUUID } from 'node:crypto';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** What the API says of a configured store beyond the configuration. */
export interface SecretStoreRecord {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

export interface SecretStoreRecordRepository {
  /**
   * The records of these stores, in their order; made where there are none. Of several processes that start at once, all
   * get the same. A store that was configured before gets its old id back.
   */
  register(
    stores: readonly Pick<SecretStoreRecord, 'name' | 'kind'>[],
    now: Timestamp,
  ): Promise<readonly SecretStoreRecord[]>;
}

interface RecordRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function createSecretStoreRecordRepository(db: Database): SecretStoreRecordRepository {
  return guarded<SecretStoreRecordRepository>({
    register: async (stores, now) => {
      for (const { name, kind } of stores) {
        await db
          .knex('secret_stores')
          .insert({ id: randomUUID(), name, kind, created_at: now, updated_at: now })
          .onConflict('name')
          .merge(['kind', 'updated_at'])
          .where('secret_stores.kind', '<>', kind);
      }
      const rows = (await db.knex('secret_stores')) as RecordRow[];
      return stores.map(({ name }) => toRecord(rows, name));
    },
  });
}

function toRecord(rows: readonly RecordRow[], name: string): SecretStoreRecord {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`the record of store ${name} is not there`);
  const { id, kind } = row;
  return { id, name, kind, createdAt: timestamp(row.created_at), updatedAt: timestamp(row.updated_at) };
}
