import type { SecretId } from '../model/ids.ts';
import { guarded, isDuplicate, transaction, type Database } from './database.ts';

export type Metadata = Readonly<Record<string, string>>;

/** User metadata of one secret: the caller has loaded the secret, and with it checked its project. */
export interface SecretMetadataRepository {
  list(id: SecretId): Promise<Metadata>;
  find(id: SecretId, key: string): Promise<string | undefined>;
  /** All of it anew, or none of it. */
  replace(id: SecretId, metadata: Metadata): Promise<void>;
  /** False: the key is there already. */
  insert(id: SecretId, key: string, value: string): Promise<boolean>;
  /** False: no such key. */
  update(id: SecretId, key: string, value: string): Promise<boolean>;
  /** Removing what is gone succeeds. */
  remove(id: SecretId, key: string): Promise<void>;
}

interface MetadataRow {
  readonly secret_id: string;
  readonly key: string;
  readonly value: string;
}

export function createSecretMetadataRepository(db: Database): SecretMetadataRepository {
  const table = (on: Database = db) => on.knex<MetadataRow>('secret_metadata');
  return guarded<SecretMetadataRepository>({
    list: async (id) => {
      const rows = await table().where({ secret_id: id }).orderBy('key');
      return Object.fromEntries(rows.map((row) => [row.key, row.value]));
    },
    find: async (id, key) => (await table().where({ secret_id: id, key }).first())?.value,
    replace: (id, metadata) =>
      transaction(db, async (tx) => {
        await table(tx).where({ secret_id: id }).delete();
        const rows = Object.entries(metadata).map(([key, value]) => ({ secret_id: id, key, value }));
        if (rows.length > 0) await tx.knex.batchInsert('secret_metadata', rows, ROWS_PER_INSERT);
      }),
    insert: async (id, key, value) => {
      try {
        await table().insert({ secret_id: id, key, value });
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    update: async (id, key, value) => (await table().where({ secret_id: id, key }).update({ value })) === 1,
    remove: async (id, key) => {
      await table().where({ secret_id: id, key }).delete();
    },
  });
}

/** SQLite binds at most 999 values in older builds; three a row. */
const ROWS_PER_INSERT = 300;
