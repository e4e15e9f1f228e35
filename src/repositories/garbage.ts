import type { SecretId } from '../model/ids.ts';
import type { Secret } from '../model/secret.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';
import { toSecret, type SecretRow } from './secret-rows.ts';

/** Of the secrets that a store names, what the rows say. */
export interface Known {
  readonly secrets: ReadonlyMap<string, Secret>;
  /** No row, but an order is under way that will make one of this id. */
  readonly ordered: ReadonlySet<string>;
}

/** Where a list of the expired goes on. */
export type ExpiredKey = Pick<Secret, 'projectId' | 'expiresAt' | 'id'>;

/** By the names of stores; the empty text stands for none. */
export type CountsByStore = ReadonlyMap<string, number>;

/** What is of no use any more, in all projects. */
export interface GarbageRepository {
  /**
   * Orders are looked up before rows: an id that is in neither can be in neither later, as new secrets get new ids and
   * only orders know theirs before there is a row.
   */
  lookUpAnyProject(ids: readonly SecretId[]): Promise<Known>;
  /** Visible secrets whose time ended before, by project and time. */
  listAnyProjectExpired(
    before: Timestamp,
    after: ExpiredKey | undefined,
    limit: number,
  ): Promise<readonly Secret[]>;
  countAnyProjectExpired(before: Timestamp): Promise<CountsByStore>;
  /** Those of them that somebody registered to use. */
  countAnyProjectExpiredInUse(before: Timestamp): Promise<number>;
  /** Rows on their way in or out that nobody touched since. */
  countAnyProjectUnfinished(before: Timestamp): Promise<CountsByStore>;
  /** Places that were reserved and never taken. */
  countExpiredReservations(now: Timestamp): Promise<number>;
  removeExpiredReservations(now: Timestamp): Promise<number>;
  /** Runs that ended before. */
  countEndedRuns(before: Timestamp): Promise<number>;
}

export function createGarbageRepository(db: Database): GarbageRepository {
  const expiredReservations = (now: Timestamp) =>
    db.knex('quota_reservations').where('expires_at', '<=', now);
  const unfinished = (before: Timestamp) =>
    db.knex('secrets').whereRaw(`state <> 'active'`).where('updated_at', '<', before);
  return guarded<GarbageRepository>({
    lookUpAnyProject: (ids) => lookUp(db, ids),
    listAnyProjectExpired: (before, after, limit) => listExpired(db, before, after, limit),
    countAnyProjectExpired: (before) => countsByStore(expired(db, before)),
    countAnyProjectExpiredInUse: (before) => countOf(expired(db, before).whereRaw(IN_USE)),
    countAnyProjectUnfinished: (before) => countsByStore(unfinished(before)),
    countExpiredReservations: (now) => countOf(expiredReservations(now)),
    removeExpiredReservations: (now) => expiredReservations(now).delete(),
    countEndedRuns: (before) =>
      countOf(db.knex('runs').whereIn('state', ['done', 'undone']).where('updated_at', '<', before)),
  });
}

const IN_USE = 'exists (select 1 from secret_consumers c where c.secret_id = secrets.id)';

const expired = ({ knex }: Database, before: Timestamp) =>
  knex('secrets').where({ state: 'active' }).whereNotNull('expires_at').where('expires_at', '<=', before);

async function lookUp(db: Database, ids: readonly SecretId[]): Promise<Known> {
  const orders = (await db
    .knex('orders')
    .where({ status: 'PENDING' })
    .where((named) => {
      for (const column of ORDERED) named.orWhereIn(column, ids as SecretId[]);
    })
    .select(ORDERED)) as Readonly<Record<string, string | null>>[];
  const rows = (await db.knex<SecretRow>('secrets').whereIn('id', ids as SecretId[])) as SecretRow[];
  const ordered = orders.flatMap((order) => ORDERED.flatMap((column) => order[column] ?? []));
  return { secrets: new Map(rows.map((row) => [row.id, toSecret(row)])), ordered: new Set(ordered) };
}

/** What an order will make, known since it was placed. */
const ORDERED = ['secret_id', 'public_id', 'passphrase_id'];

async function listExpired(
  db: Database,
  before: Timestamp,
  after: ExpiredKey | undefined,
  limit: number,
): Promise<readonly Secret[]> {
  const rows = expired(db, before).orderBy(['project_id', 'expires_at', 'id']).limit(limit).select('*');
  if (after !== undefined) {
    rows.whereRaw('(project_id, expires_at, id) > (?, ?, ?)', [after.projectId, after.expiresAt, after.id]);
  }
  return ((await rows) as SecretRow[]).map(toSecret);
}

type Countable = Pick<ReturnType<typeof expired>, 'clone'>;

async function countOf(rows: Countable): Promise<number> {
  const [row] = (await rows.clone().count({ n: '*' })) as unknown as { readonly n: number | string }[];
  return Number(row?.n ?? 0);
}

async function countsByStore(rows: Countable): Promise<CountsByStore> {
  const counted = (await rows.clone().groupBy('store').select('store').count({ n: '*' })) as unknown as {
    readonly store: string | null;
    readonly n: number | string;
  }[];
  return new Map(counted.map(({ store, n }) => [store ?? '', Number(n)]));
}
