import { kekId, projectId, secretId, type KekId, type ProjectId, type SecretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** Sealed bytes of secrets. A secret's id is its own: who may ask is decided before anyone gets here. */
export interface SealedPayloadRepository {
  /** False: the store already holds a payload of this secret, and it is left as it is. */
  insert(id: SecretId, store: string, sealed: SealedPayload, now: Timestamp): Promise<boolean>;
  find(id: SecretId, store: string): Promise<SealedPayload | undefined>;
  /** Removing what is gone succeeds. */
  remove(id: SecretId, store: string): Promise<void>;
  /** Whose payloads the store has, by id, those after `after`; across projects. */
  list(
    store: string,
    after: SecretId | undefined,
    limit: number,
  ): Promise<readonly { readonly secretId: SecretId; readonly projectId: ProjectId }[]>;
  /** How many payloads need this KEK. */
  countByKek(id: KekId): Promise<number>;
}

interface SealedRow {
  readonly secret_id: string;
  readonly store: string;
  readonly kek_id: string;
  readonly blob: Buffer;
  readonly created_at: string;
}

export function createSealedPayloadRepository(db: Database): SealedPayloadRepository {
  return guarded<SealedPayloadRepository>({
    insert: async (id, store, { kekId: kek, blob }, now) => {
      const row: SealedRow = { secret_id: id, store, kek_id: kek, blob, created_at: now };
      // Not "insert and catch the duplicate": on PostgreSQL that would spoil the transaction this may be part of.
      const inserted = await db
        .knex<SealedRow>('sealed_payloads')
        .insert(row)
        .onConflict(['secret_id', 'store'])
        .ignore()
        .returning('secret_id');
      return inserted.length === 1;
    },
    find: async (id, store) => {
      const query = db
        .knex<SealedRow>('sealed_payloads')
        .where({ secret_id: id, store })
        .select('kek_id', 'blob');
      const [row] = (await query.options({ name: 'find-sealed-payload' })) as Pick<
        SealedRow,
        'kek_id' | 'blob'
      >[];
      return row && { kekId: kekId(row.kek_id), blob: row.blob };
    },
    remove: async (id, store) => {
      await db.knex<SealedRow>('sealed_payloads').where({ secret_id: id, store }).delete();
    },
    list: async (store, after, limit) => {
      const rows = (await db
        .knex('sealed_payloads as p')
        .join('secrets as s', 's.id', 'p.secret_id')
        .where('p.store', store)
        .where('p.secret_id', '>', after ?? '')
        .orderBy('p.secret_id')
        .limit(limit)
        .select('s.id', 's.project_id')) as { readonly id: string; readonly project_id: string }[];
      return rows.map((row) => ({ secretId: secretId(row.id), projectId: projectId(row.project_id) }));
    },
    countByKek: async (id) => {
      const [row] = (await db.knex('sealed_payloads').where({ kek_id: id }).count({ n: '*' })) as {
        n: number | string;
      }[];
      return Number(row?.n ?? 0);
    },
  });
}
