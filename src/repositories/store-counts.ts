import type { ProjectId } from '../model/ids.ts';
import { guarded, type Database } from './database.ts';

/** How many payloads of a project a store holds; also those that are just coming or going. Never none. */
export interface StoreCounts {
  readonly projectId: ProjectId;
  readonly store: string;
  readonly secrets: number;
}

/** Which stores hold what of whom, by project and then by store. Counted anew: this is not for every request. */
export interface StoreCountRepository {
  countAnyProject(): Promise<readonly StoreCounts[]>;
  countIn(projects: readonly ProjectId[]): Promise<readonly StoreCounts[]>;
}

interface CountRow {
  readonly project_id: ProjectId;
  readonly store: string;
  /** PostgreSQL's driver gives a bigint as text. */
  readonly secrets: number | string;
}

export function createStoreCountRepository(db: Database): StoreCountRepository {
  return guarded<StoreCountRepository>({
    countAnyProject: () => count(db),
    countIn: (projects) => (projects.length === 0 ? Promise.resolve([]) : count(db, projects)),
  });
}

async function count(db: Database, projects?: readonly ProjectId[]): Promise<readonly StoreCounts[]> {
  const stored = db.knex('secrets').whereNotNull('store');
  if (projects !== undefined) stored.whereIn('project_id', projects);
  const rows = (await stored
    .groupBy('project_id', 'store')
    .orderBy(['project_id', 'store'])
    .select('project_id', 'store')
    .count({ secrets: '*' })) as CountRow[];
  return rows.map((row) => ({
    projectId: row.project_id,
    store: row.store,
    secrets: Number(row.secrets),
  }));
}
