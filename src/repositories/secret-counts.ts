import { randomInt } from 'node:crypto';
import type { ProjectId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import type { Database } from './database.ts';

/** One counter row per project would queue all of the project's creates behind one another. */
const SHARDS = 16;

export const randomShard = (): number => randomInt(SHARDS);

/** In the transaction that makes secrets visible or takes them away. */
export async function addToCount(tx: Database, project: ProjectId, difference: number): Promise<void> {
  await tx.knex.raw(
    `insert into secret_counts (project_id, shard, secrets) values (?, ?, ?)
     on conflict (project_id, shard) do update set secrets = secret_counts.secrets + excluded.secrets`,
    [project, randomShard(), difference],
  );
}

/** How many secrets of a project a list shows: all that are visible, less those that have expired. */
export async function countVisible(db: Database, project: string, now: Timestamp): Promise<number> {
  const query = db.knex.raw(
    `select (select coalesce(sum(secrets), 0) from secret_counts where project_id = ?)
          - (select count(*) from secrets where project_id = ? and expires_at <= ? and state in ('active', 'filling'))
            as total`,
    [project, project, now],
  );
  const result = (await query.options({ name: 'count-visible-secrets' })) as unknown;
  const rows =
    db.dialect === 'pg' ? (result as { rows: { total: string }[] }).rows : (result as { total: number }[]);
  return Number(rows[0]?.total ?? 0);
}
