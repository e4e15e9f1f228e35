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

export const SECRETS: Counter = { table: 'secret_counts', column: 'secrets' };
export const CONTAINERS: Counter = { table: 'container_counts', column: 'containers' };
export const ORDERS: Counter = { table: 'order_counts', column: 'orders' };

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

export async function countOf(db: Database, { table, column }: Counter, project: string): Promise<number> {
  const rows = await db.knex(table).where({ project_id: project }).sum({ total: column });
  const [row] = rows as { total: number | string | null }[];
  return Number(row?.total ?? 0);
}
