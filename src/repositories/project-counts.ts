import { randomInt } from 'node:crypto';
import type { ProjectId } from '../model/ids.ts';
import type { Database } from './database.ts';

/** One counter row per project would queue all of the project's creates behind one another. */
const SHARDS = 16;

export const randomShard = (): number => randomInt(SHARDS);

/** A table of counters, and the column that counts. */
export interface Counter {
  readonly table: 'secret_counts' | 'container_counts' | 'order_counts';
  readonly column: 'secrets' | 'containers' | 'orders';
}

/** In the transaction that makes rows visible or takes them away. */
export async function addToCounter(
  tx: Database,
  { table, column }: Counter,
  project: ProjectId,
  difference: number,
): Promise<void> {
  await tx.knex.raw(
    `insert into ${table} (project_id, shard, ${column}) values (?, ?, ?)
     on conflict (project_id, shard) do update set ${column} = ${table}.${column} + excluded.${column}`,
    [project, randomShard(), difference],
  );
}
