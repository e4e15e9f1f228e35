import type { ProjectId } from '../model/ids.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** That a project's new secrets go to a store, and since when. */
export interface ProjectStore {
  readonly projectId: ProjectId;
  readonly store: string;
  /** Since the project has one at all. */
  readonly createdAt: Timestamp;
  /** Since it is this one. */
  readonly updatedAt: Timestamp;
}

/** Which store an operator or a project's admin assigned to a project. */
export interface ProjectStoreRepository {
  /** As it was at most two seconds ago; what this process changed itself, at once. */
  find(project: ProjectId): Promise<string | undefined>;
  /** Past the cache: for whoever asks because of it, and not on the way to something else. */
  findNow(project: ProjectId): Promise<string | undefined>;
  findAssigned(project: ProjectId): Promise<ProjectStore | undefined>;
  /** Assigns or replaces. Secrets that exist stay where they are. */
  assign(project: ProjectId, store: string, now: Timestamp): Promise<void>;
  /** False: there was none, or not this store. */
  unassign(project: ProjectId, store?: string): Promise<boolean>;
  listAnyProject(): Promise<readonly { readonly projectId: ProjectId; readonly store: string }[]>;
  /** In the order of creation; `total` counts all of them. */
  pageAnyProject(page: { readonly limit: number; readonly offset: number }): Promise<ProjectStorePage>;
}

export interface ProjectStorePage {
  readonly projects: readonly ProjectStore[];
  readonly total: number;
}

interface ProjectStoreRow {
  readonly project_id: ProjectId;
  readonly store: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Every create asks; an assignment made by another process is seen after this long. */
const CACHE_MS = 2_000;
const CACHE_ENTRIES = 10_000;

interface CacheEntry {
  readonly store: string | undefined;
  readonly until: number;
}

export function createProjectStoreRepository(db: Database): ProjectStoreRepository {
  const cache = new Map<ProjectId, CacheEntry>();
  let changes = 0;
  const changing = async <T>(project: ProjectId, change: () => Promise<T>): Promise<T> => {
    const result = await change();
    changes += 1;
    cache.delete(project);
    return result;
  };
  return guarded<ProjectStoreRepository>({
    find: async (project) => {
      // Of this process alone, and never set back: a clock that is put right must not keep an entry alive.
      const asked = performance.now();
      const cached = cache.get(project);
      if (cached !== undefined && asked < cached.until) return cached.store;
      const seen = changes;
      const row = await findRow(db, project);
      if (cache.size >= CACHE_ENTRIES) cache.clear();
      // An answer may be as old as its question, and what was asked before a change of ours may not outlive it.
      if (seen === changes) cache.set(project, { store: row?.store, until: asked + CACHE_MS });
      return row?.store;
    },
    findNow: async (project) => (await findRow(db, project))?.store,
    findAssigned: async (project) => {
      const row = await findRow(db, project);
      return row && toProjectStore(row);
    },
    assign: (project, store, now) => changing(project, () => assign(db, project, store, now)),
    unassign: (project, store) => changing(project, () => unassign(db, project, store)),
    listAnyProject: async () => {
      const rows = (await db.knex('project_stores').orderBy('project_id')) as ProjectStoreRow[];
      return rows.map((row) => ({ projectId: row.project_id, store: row.store }));
    },
    pageAnyProject: (page) => list(db, page),
  });
}

async function findRow(db: Database, project: ProjectId): Promise<ProjectStoreRow | undefined> {
  return (await db.knex('project_stores').where({ project_id: project }).first()) as
    ProjectStoreRow | undefined;
}

async function assign(db: Database, project: ProjectId, store: string, now: Timestamp): Promise<void> {
  const row = { project_id: project, store, created_at: now, updated_at: now };
  await db.knex('project_stores').insert(row).onConflict('project_id').merge(['store', 'updated_at']);
}

async function unassign(db: Database, project: ProjectId, store: string | undefined): Promise<boolean> {
  const rows = db.knex('project_stores').where({ project_id: project });
  if (store !== undefined) rows.where({ store });
  return (await rows.delete()) === 1;
}

async function list(
  db: Database,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<ProjectStorePage> {
  const rows = (await db
    .knex('project_stores')
    .orderBy([{ column: 'created_at' }, { column: 'project_id' }])
    .limit(limit)
    .offset(offset)) as ProjectStoreRow[];
  const counted = (await db.knex('project_stores').count({ total: '*' }).first()) as
    { total: number | string } | undefined;
  return { projects: rows.map(toProjectStore), total: Number(counted?.total ?? 0) };
}

const toProjectStore = (row: ProjectStoreRow): ProjectStore => ({
  projectId: row.project_id,
  store: row.store,
  createdAt: timestamp(row.created_at),
  updatedAt: timestamp(row.updated_at),
});
