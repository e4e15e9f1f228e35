import type { Knex } from 'knex';
import type { KekId, ProjectId } from '../model/ids.ts';
import type { KekRecord, NewKek, WrappedByRoot } from '../model/kek.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, isDuplicate, isUnusableKek, transaction, type Database } from './database.ts';
import { newKekRow, toKek, type KekRow } from './keks.ts';

/** Which KEKs of a store; what is left out is not asked about. None of them is destroyed. */
export interface KeksWanted {
  readonly store: string;
  readonly project?: ProjectId | undefined;
  readonly state?: 'active' | 'retired';
  readonly notUnder?: string;
  readonly createdBefore?: Timestamp;
  readonly retiredBefore?: Timestamp;
}

/** A page of a listing in the order of ids. */
export interface Page<Id> {
  readonly after?: Id | undefined;
  readonly limit: number;
}

/** The life of KEKs after their creation. Across projects: it is an operator who rotates. */
export interface KekRotationRepository {
  listAnyProject(wanted: KeksWanted, page: Page<KekId>): Promise<readonly KekRecord[]>;
  countAnyProject(wanted: KeksWanted): Promise<number>;
  /** False: its bytes are not those that were seen, and nothing was changed. */
  replaceWrapped(seen: KekRecord, fresh: WrappedByRoot, now: Timestamp): Promise<boolean>;
  /** Retires what was seen active and inserts its successor, both or neither; false: somebody else did so before. */
  rotateActive(seen: KekRecord, successor: NewKek, now: Timestamp): Promise<boolean>;
  /** False, and nothing changed, unless it was retired before then and no payload needs it, by then or ever after. */
  destroy(id: KekId, retiredBefore: Timestamp, now: Timestamp): Promise<boolean>;
  /** When the newest of the KEKs that another root key wrapped before was wrapped again. */
  lastRewrapped(store: string): Promise<Timestamp | undefined>;
  /** When the youngest retired KEK of those was retired. */
  lastRetired(wanted: Pick<KeksWanted, 'store' | 'project'>): Promise<Timestamp | undefined>;
}

export function createKekRotationRepository(db: Database): KekRotationRepository {
  return guarded<KekRotationRepository>({
    listAnyProject: async (wanted, { after, limit }) => {
      const rows = wantedKeks(db, wanted).orderBy('id').limit(limit);
      if (after !== undefined) rows.where('id', '>', after);
      return ((await rows) as KekRow[]).map(toKek);
    },
    countAnyProject: async (wanted) => {
      const [row] = (await wantedKeks(db, wanted).count({ n: '*' })) as { n: number | string }[];
      return Number(row?.n ?? 0);
    },
    replaceWrapped: async (seen, { wrapped, rootKey }, now) => {
      const replaced = await db
        .knex('keks')
        .where({ id: seen.id, wrapped: seen.wrapped })
        .update({ wrapped, root_key: rootKey, rewrapped_at: now });
      return replaced === 1;
    },
    rotateActive: (seen, successor, now) => rotateActive(db, seen, successor, now),
    destroy: (id, retiredBefore, now) => destroy(db, id, retiredBefore, now),
    lastRewrapped: async (store) => latest(db.knex('keks').where({ store }), 'rewrapped_at'),
    lastRetired: async (wanted) => latest(wantedKeks(db, { ...wanted, state: 'retired' }), 'retired_at'),
  });
}

export function wantedKeks(db: Database, wanted: KeksWanted): Knex.QueryBuilder {
  const { store, project, state, notUnder, createdBefore, retiredBefore } = wanted;
  const rows = db.knex('keks').where({ store }).whereNotNull('wrapped');
  if (project !== undefined) rows.where({ project_id: project });
  if (state !== undefined) rows.where({ state });
  if (notUnder !== undefined) rows.whereNot({ root_key: notUnder });
  if (createdBefore !== undefined) rows.where('created_at', '<', createdBefore);
  if (retiredBefore !== undefined) rows.where('retired_at', '<', retiredBefore);
  return rows;
}

async function latest(rows: Knex.QueryBuilder, column: string): Promise<Timestamp | undefined> {
  const [row] = (await rows.max({ at: column })) as { at: Timestamp | null }[];
  return row?.at ?? undefined;
}

/** The first statement is the one that a second rotation waits for, and then finds nothing to do. */
async function rotateActive(
  db: Database,
  seen: KekRecord,
  successor: NewKek,
  now: Timestamp,
): Promise<boolean> {
  try {
    return await transaction(db, async (tx) => {
      const retired = await tx
        .knex('keks')
        .where({ id: seen.id, state: 'active' })
        .update({ state: 'retired', retired_at: now });
      if (retired === 1) await tx.knex('keks').insert(newKekRow(successor));
      return retired === 1;
    });
  } catch (error) {
    // Its version was taken: the transaction is undone, and the KEK that was seen is active still.
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** Whoever is just inserting a payload under it holds this up, and is then found: the database refuses (see the schema). */
async function destroy(db: Database, id: KekId, retiredBefore: Timestamp, now: Timestamp): Promise<boolean> {
  try {
    const destroyed = await db
      .knex('keks')
      .where({ id, state: 'retired' })
      .where('retired_at', '<', retiredBefore)
      .whereNotExists(db.knex('sealed_payloads').where({ kek_id: id }).select(db.knex.raw('1')))
      .update({ state: 'destroyed', wrapped: null, destroyed_at: now });
    return destroyed === 1;
  } catch (error) {
    if (isUnusableKek(error)) return false;
    throw error;
  }
}
