import type { ProjectId } from '../model/ids.ts';
import type { ProjectQuotas } from '../model/quota.ts';
import { QUOTA_RESOURCES } from '../model/target.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** The quotas an operator set for projects. */
export interface QuotaRepository {
  /** As it was at most two seconds ago: every create asks. */
  findRecent(project: ProjectId): Promise<ProjectQuotas | undefined>;
  find(project: ProjectId): Promise<ProjectQuotas | undefined>;
  /** What is not mentioned keeps its value. */
  merge(project: ProjectId, changes: Partial<ProjectQuotas>, now: Timestamp): Promise<void>;
  /** False: there were none. */
  remove(project: ProjectId): Promise<boolean>;
  /** In the order of creation; `total` counts all of them. */
  listAnyProject(page: { readonly limit: number; readonly offset: number }): Promise<QuotaPage>;
}

export interface QuotaPage {
  readonly projects: readonly { readonly projectId: ProjectId; readonly quotas: ProjectQuotas }[];
  readonly total: number;
}

/** A change made by another process is seen after this long. */
const CACHE_MS = 2_000;
const CACHE_ENTRIES = 10_000;

interface CacheEntry {
  readonly quotas: ProjectQuotas | undefined;
  readonly until: number;
}

/** PostgreSQL's driver gives a bigint as text. */
type QuotaRow = Readonly<Record<keyof ProjectQuotas, number | string | null>> & {
  readonly project_id: ProjectId;
};

export function createQuotaRepository(db: Database): QuotaRepository {
  const cache = new Map<ProjectId, CacheEntry>();
  const changing = async <T>(project: ProjectId, change: () => Promise<T>): Promise<T> => {
    const result = await change();
    // Afterwards: a create in between has read, and remembers, what was before.
    cache.delete(project);
    return result;
  };
  return guarded<QuotaRepository>({
    find: (project) => find(db, project),
    findRecent: async (project) => {
      const cached = cache.get(project);
      if (cached !== undefined && cached.until > Date.now()) return cached.quotas;
      const quotas = await find(db, project);
      if (cache.size >= CACHE_ENTRIES) cache.clear();
      cache.set(project, { quotas, until: Date.now() + CACHE_MS });
      return quotas;
    },
    merge: (project, changes, now) => changing(project, () => merge(db, project, changes, now)),
    remove: (project) =>
      changing(
        project,
        async () => (await db.knex('project_quotas').where({ project_id: project }).delete()) === 1,
      ),
    listAnyProject: (page) => list(db, page),
  });
}

async function find(db: Database, project: ProjectId): Promise<ProjectQuotas | undefined> {
  const row = (await db.knex('project_quotas').where({ project_id: project }).first()) as
    QuotaRow | undefined;
  return row && toQuotas(row);
}

async function merge(
  db: Database,
  project: ProjectId,
  changes: Partial<ProjectQuotas>,
  now: Timestamp,
): Promise<void> {
  await db
    .knex('project_quotas')
    .insert({ ...changes, project_id: project, created_at: now, updated_at: now })
    .onConflict('project_id')
    .merge([...Object.keys(changes), 'updated_at']);
}

async function list(
  db: Database,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<QuotaPage> {
  const rows = (await db
    .knex('project_quotas')
    .orderBy([{ column: 'created_at' }, { column: 'project_id' }])
    .limit(limit)
    .offset(offset)) as QuotaRow[];
  const counted = (await db.knex('project_quotas').count({ total: '*' }).first()) as
    { total: number | string } | undefined;
  const projects = rows.map((row) => ({ projectId: row.project_id, quotas: toQuotas(row) }));
  return { projects, total: Number(counted?.total ?? 0) };
}

function toQuotas(row: QuotaRow): ProjectQuotas {
  const entries = QUOTA_RESOURCES.map(
    (name) => [name, row[name] === null ? null : Number(row[name])] as const,
  );
  return Object.fromEntries(entries) as ProjectQuotas;
}
