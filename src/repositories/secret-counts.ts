import type { ProjectId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import type { Database } from './database.ts';
import { addToCounter, SECRETS } from './project-counts.ts';
import { VISIBLE } from './secret-rows.ts';
import { rowsOf, type Statement } from './statement.ts';

export { randomShard } from './project-counts.ts';

/** In the transaction that makes secrets visible or takes them away. */
export function addToCount(tx: Database, project: ProjectId, difference: number): Promise<void> {
  return addToCounter(tx, SECRETS, project, difference);
}

const visible = (project: string, same: string, now: string): string => `
  (select coalesce(sum(secrets), 0) from secret_counts where project_id = ${project})
  - (select count(*) from secrets where project_id = ${same} and expires_at <= ${now} and ${VISIBLE})`;

/** An expression: `$1` is the project, `$2` is now. */
export const VISIBLE_COUNT_POSTGRES = visible('$1', '$1', '$2');

const COUNT: Statement = {
  name: 'count-visible-secrets',
  pg: `select ${visible('$1', '$2', '$3')} as total`,
  sqlite3: `select ${visible('?', '?', '?')} as total`,
};

/** How many secrets of a project a list shows: all that are visible, less those that have expired. */
export async function countVisible(db: Database, project: string, now: Timestamp): Promise<number> {
  const [row] = await rowsOf<{ total: number | string }>(db, COUNT, [project, project, now]);
  return Number(row?.total ?? 0);
}
