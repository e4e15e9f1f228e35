import { kekId, projectId, type KekId, type ProjectId } from '../model/ids.ts';
import type { KekRecord, KekState, NewKek } from '../model/kek.ts';
import { timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

export type { KekRecord, KekState, NewKek } from '../model/kek.ts';

export interface KekRepository {
  findActive(store: string, project: ProjectId): Promise<KekRecord | undefined>;
  /** A KEK is found by the id in the payload it sealed; whose it is stands in the record. */
  findAnyProject(id: KekId): Promise<KekRecord | undefined>;
  /** The highest version a project ever had in the store, 0 for none. */
  latestVersion(store: string, project: ProjectId): Promise<number>;
  /** The active KEK after the call: the one given, or the one another process inserted first. */
  insertActive(kek: NewKek): Promise<KekRecord | undefined>;
  /** Root keys the store's KEKs need, each with how many KEKs it wraps. */
  countAnyProjectByRootKey(store: string): Promise<ReadonlyMap<string, number>>;
  /** Some KEK wrapped by the root key: what unwraps it is that root key. */
  findAnyProjectWrappedBy(store: string, rootKey: string): Promise<KekRecord | undefined>;
  addUses(id: KekId, uses: number): Promise<void>;
}

/** A row of `keks`, as both databases return it. */
export interface KekRow {
  readonly id: string;
  readonly store: string;
  readonly project_id: string;
  readonly version: number;
  readonly state: string;
  readonly root_key: string;
  readonly wrapped: Buffer | null;
  /** PostgreSQL gives 64-bit integers as text. */
  readonly uses: number | string;
  readonly created_at: string;
  readonly retired_at: string | null;
  readonly destroyed_at: string | null;
}

export function createKekRepository(db: Database): KekRepository {
  const findActive = (store: string, project: ProjectId): Promise<KekRecord | undefined> =>
    findOne(db, 'find-active-kek', { store, project_id: project, state: 'active' });
  return guarded<KekRepository>({
    findActive,
    findAnyProject: (id) => findOne(db, 'find-kek', { id }),
    latestVersion: async (store, project) => {
      const found = db.knex<KekRow>('keks').where({ store, project_id: project }).max({ version: 'version' });
      const [row] = (await found) as { version: number | null }[];
      return row?.version ?? 0;
    },
    insertActive: async (kek) => {
      await db.knex('keks').insert(newKekRow(kek)).onConflict().ignore();
      return findActive(kek.store, kek.projectId);
    },
    countAnyProjectByRootKey: (store) => countByRootKey(db, store),
    findAnyProjectWrappedBy: async (store, rootKey) => {
      const row = await db
        .knex<KekRow>('keks')
        .where({ store, root_key: rootKey })
        .whereNotNull('wrapped')
        .first();
      return row && toKek(row as KekRow);
    },
    addUses: async (id, uses) => {
      await db.knex('keks').where({ id }).increment('uses', uses);
    },
  });
}

/** Named: PostgreSQL parses and plans the statement once per connection. SQLite's driver ignores the name. */
async function findOne(db: Database, name: string, where: Partial<KekRow>): Promise<KekRecord | undefined> {
  const [row] = (await db.knex<KekRow>('keks').where(where).options({ name })) as KekRow[];
  return row && toKek(row);
}

async function countByRootKey(db: Database, store: string): Promise<ReadonlyMap<string, number>> {
  const rows = (await db
    .knex('keks')
    .where({ store })
    .whereNotNull('wrapped')
    .groupBy('root_key')
    .select('root_key')
    .count({ n: '*' })) as { root_key: string; n: number | string }[];
  return new Map(rows.map((row) => [row.root_key, Number(row.n)]));
}

export function newKekRow(kek: NewKek): KekRow {
  return {
    id: kek.id,
    store: kek.store,
    project_id: kek.projectId,
    version: kek.version,
    state: 'active',
    root_key: kek.rootKey,
    wrapped: kek.wrapped,
    uses: 0,
    created_at: kek.createdAt,
    retired_at: null,
    destroyed_at: null,
  };
}

export function toKek(row: KekRow): KekRecord {
  return {
    id: kekId(row.id),
    store: row.store,
    projectId: projectId(row.project_id),
    version: row.version,
    state: row.state as KekState,
    rootKey: row.root_key,
    wrapped: row.wrapped,
    uses: Number(row.uses),
    createdAt: timestamp(row.created_at),
    retiredAt: row.retired_at === null ? null : timestamp(row.retired_at),
    destroyedAt: row.destroyed_at === null ? null : timestamp(row.destroyed_at),
  };
}
