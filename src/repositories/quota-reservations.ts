import type { ProjectId } from '../model/ids.ts';
import type { CountedKind } from '../model/quota.ts';
import { timestampFromMillis, toMillis, type Timestamp } from '../model/timestamp.ts';
import { guarded, transaction, type Database } from './database.ts';
import { createTurns } from './in-turn.ts';
import { VISIBLE } from './secret-rows.ts';

/** A place among a project's objects, for the one that will have this id. */
export interface Reservation {
  readonly id: string;
  /** Further ones that are made with it: places for all of them, or none. */
  readonly others?: readonly string[];
  readonly projectId: ProjectId;
  readonly kind: CountedKind;
}

export interface QuotaReservationRepository {
  /**
   * Takes the places if what exists and what others reserved leave them; false: they do not. Exact under concurrency.
   * Twice is the same as once.
   */
  reserve(reservation: Reservation, limit: number, now: Timestamp): Promise<boolean>;
  /** Gives places back that are not needed, or that the objects themselves take from now on. */
  release(reservation: Reservation): Promise<void>;
}

/** What a crash left reserved is free again after this long. No store takes as long to keep a payload. */
const LEASE_MS = 120_000;

interface Counted {
  /** How many exist: an expression over `projects` and `moments` placeholders. */
  readonly count: string;
  readonly values: (project: ProjectId, now: Timestamp) => readonly string[];
  /** A condition: the object of reservation `r` exists, and is among those counted. */
  readonly exists: string;
}

const plain = (table: string): Counted => ({
  count: `(select count(*) from ${table} where project_id = ?)`,
  values: (project) => [project],
  exists: `exists (select 1 from ${table} where ${table}.id = r.object_id)`,
});

/** A sharded counter stands in for the count where there is one. */
const COUNTED: Readonly<Record<CountedKind, Counted>> = {
  secrets: {
    count: `(select coalesce(sum(secrets), 0) from secret_counts where project_id = ?)
      - (select count(*) from secrets where project_id = ? and expires_at <= ? and ${VISIBLE})`,
    values: (project, now) => [project, project, now],
    exists: `exists (select 1 from secrets where secrets.id = r.object_id and ${VISIBLE})`,
  },
  containers: {
    ...plain('containers'),
    count: '(select coalesce(sum(containers), 0) from container_counts where project_id = ?)',
  },
  orders: {
    ...plain('orders'),
    count: '(select coalesce(sum(orders), 0) from order_counts where project_id = ?)',
  },
  secret_consumers: plain('secret_consumers'),
  container_consumers: plain('container_consumers'),
};

export function createQuotaReservationRepository(db: Database): QuotaReservationRepository {
  const inTurn = createTurns();
  return guarded<QuotaReservationRepository>({
    // Those who would wait for the database's lock wait here instead: each would hold a connection meanwhile.
    reserve: (reservation, limit, now) =>
      inTurn(lockName(reservation), () =>
        transaction(db, (tx) => reserveLocked(tx, reservation, limit, now)),
      ),
    release: async (reservation) => {
      await db.knex('quota_reservations').whereIn('object_id', idsOf(reservation)).delete();
    },
  });
}

const idsOf = ({ id, others = [] }: Reservation): string[] => [id, ...others];
const lockName = ({ projectId, kind }: Reservation): string => `quota ${kind} ${projectId}`;

/**
 * One at a time per project and kind, in all processes: the count and the place taken must not race. PostgreSQL has locks
 * for that. SQLite has one writer, and the first statement makes this transaction it.
 */
async function reserveLocked(
  tx: Database,
  reservation: Reservation,
  limit: number,
  now: Timestamp,
): Promise<boolean> {
  if (tx.dialect === 'pg') {
    await tx.knex.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [lockName(reservation)]);
  }
  const { projectId, kind } = reservation;
  const ids = idsOf(reservation);
  await tx
    .knex('quota_reservations')
    .where((expired) => expired.where({ project_id: projectId, kind }).where('expires_at', '<=', now))
    .orWhereIn('object_id', ids)
    .delete();
  if ((await countTaken(tx, reservation, now)) + ids.length > limit) return false;
  const row = {
    project_id: projectId,
    kind,
    expires_at: timestampFromMillis(toMillis(now) + LEASE_MS),
  };
  await tx.knex('quota_reservations').insert(ids.map((id) => ({ ...row, object_id: id })));
  return true;
}

/** One statement, one moment: an object is counted as itself or as its reservation, never as both or neither. */
async function countTaken(tx: Database, { projectId, kind }: Reservation, now: Timestamp): Promise<number> {
  const { count, values, exists } = COUNTED[kind];
  const [row] = (await tx.knex.select(
    tx.knex.raw(
      `${count} + (select count(*) from quota_reservations r
           where r.project_id = ? and r.kind = ? and not ${exists}) as taken`,
      [...values(projectId, now), projectId, kind],
    ),
  )) as { taken: number | string }[];
  return Number(row?.taken ?? 0);
}
