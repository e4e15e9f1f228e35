import type { ProjectId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** Which store an operator or a project's admin assigned to a project. */
export interface ProjectStoreRepository {
  find(project: ProjectId): Promise<string | undefined>;
  /** Past the cache: for whoever asks because of it, and not on the way to something else. */
  findNow(project: ProjectId): Promise<string | undefined>;
  /** Assigns or replaces. Secrets that exist stay where they are. */
  assign(project: ProjectId, store: string, now: Timestamp): Promise<void>;
  /** False: there was none, or not this store. */
  unassign(project: ProjectId, store?: string): Promise<boolean>;
  listAnyProject(): Promise<readonly { readonly projectId: ProjectId; readonly store: string }[]>;
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
  return guarded<ProjectStoreRepository>({
    find: async (project) => {
      const cached = cache.get(project);
      if (cached !== undefined && cached.until > Date.now()) return cached.store;
      const store = await findNow(db, project);
      if (cache.size >= CACHE_ENTRIES) cache.clear();
      cache.set(project, { store, until: Date.now() + CACHE_MS });
      return store;
    },
    findNow: (project) => findNow(db, project),
    assign: async (project, store, now) => {
      const row = { project_id: project, store, created_at: now, updated_at: now };
      await db.knex('project_stores').insert(row).onConflict('project_id').merge(['store', 'updated_at']);
      // Afterwards: a create in between has read, and remembers, what was before.
      cache.delete(project);
    },
    unassign: async (project, store) => {
      const rows = db.knex('project_stores').where({ project_id: project });
      if (store !== undefined) rows.where({ store });
      const removed = await rows.delete();
      cache.delete(project);
      return removed === 1;
    },
    listAnyProject: async () => {
      const rows = (await db.knex('project_stores').orderBy('project_id')) as {
        project_id: ProjectId;
        store: string;
      }[];
      return rows.map((row) => ({ projectId: row.project_id, store: row.store }));
    },
  });
}

async function findNow(db: Database, project: ProjectId): Promise<string | undefined> {
  const row = (await db.knex('project_stores').where({ project_id: project }).first()) as
    { store: string } | undefined;
  return row?.store;
}
