import type { Timestamp } from '../model/timestamp.ts';
import type { Database } from './database.ts';

/** A kind of object that others hang on. */
export interface ObjectTable {
  readonly objects: string;
  /** Those a caller may see, in SQL. */
  readonly visible: string;
}

/**
 * The first statement of a change to what hangs on an object, and a write: whoever comes second waits here, then reads
 * what the first left (SQLite would refuse a reader that turns writer late). False: the object is gone. The row's version
 * stays as it is: it guards the way of a payload to its store, which such a change must not make a conflict.
 */
export async function hold(
  tx: Database,
  { objects, visible }: ObjectTable,
  id: string,
  updatedAt?: Timestamp,
): Promise<boolean> {
  const held = await tx
    .knex(objects)
    .where({ id })
    .whereRaw(visible)
    .update({ updated_at: updatedAt ?? tx.knex.ref('updated_at') });
  return held === 1;
}
