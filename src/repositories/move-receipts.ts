import { randomUUID } from 'node:crypto';
import type { SecretId } from '../model/ids.ts';
import type { Receipt, ReceiptState } from '../model/move.ts';
import type { RunId } from '../model/run.ts';
import type { Secret } from '../model/secret.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, isDuplicate, transaction, type Database } from './database.ts';
import { toReceipt, toReceiptRow, type ReceiptRow } from './move-receipt-rows.ts';

/** A secret with a payload, as it was read. */
export type StoredSecret = Secret & { readonly store: string; readonly storeRef: string };

/** An extra copy of a secret, which its row does not point to. */
export interface SpareCopy {
  /** As it was read. */
  readonly secret: Secret;
  readonly store: string;
  readonly ref: string;
}

/**
 * What became of each secret in a move, and the two moments in which a secret changes its store. Every change names the
 * attempt it belongs to: who lost the receipt to another process changes nothing.
 */
export interface MoveReceiptRepository {
  /** The secret is this move's until the receipt ends; undefined: it is in a move already. */
  begin(run: RunId, secret: StoredSecret, to: string, now: Timestamp): Promise<Receipt | undefined>;
  /** The place of a move is taken while an extra copy is cleared away; undefined: the secret is in a move, or changed. */
  beginClearing(spare: SpareCopy, now: Timestamp): Promise<Receipt | undefined>;
  /** Of an open receipt that somebody left; undefined: somebody else was faster. */
  claim(receipt: Receipt, now: Timestamp): Promise<Receipt | undefined>;
  /** The secret's row points to the copy, and the receipt says so: both, or (false) neither. */
  move(receipt: Receipt, seen: StoredSecret, toRef: string, now: Timestamp): Promise<boolean>;
  /** The way back of a secret whose old copy is still there: both, or (false) neither. */
  moveBack(receipt: Receipt, seen: StoredSecret, now: Timestamp): Promise<boolean>;
  /** One copy is to go: nothing refers to it, and from here on nothing will. Undefined: the receipt is another's. */
  clear(receipt: Receipt, now: Timestamp, error?: string): Promise<Receipt | undefined>;
  /** The old copies of so many moved secrets are to go. */
  clearMoved(run: RunId, limit: number, now: Timestamp): Promise<void>;
  /** The copies that were to go are gone. */
  end(receipts: readonly Receipt[], now: Timestamp): Promise<void>;
  /** Came to nothing, and there is no copy of ours to destroy. */
  fail(receipt: Receipt, error: string, now: Timestamp): Promise<void>;
  /** In the order of the secrets' ids. */
  listOfRun(
    run: RunId,
    states: readonly ReceiptState[],
    after: string | undefined,
    limit: number,
  ): Promise<readonly Receipt[]>;
  /** That receipts which have not ended name. */
  openStoresOf(run: RunId): Promise<readonly string[]>;
  /** Names of stores in which moves have left copies, with how many. */
  countAnyRunOpenByStore(): Promise<ReadonlyMap<string, number>>;
  findOpen(id: SecretId): Promise<Receipt | undefined>;
  /** Open, and nobody touched them since: the oldest first. `moved` ones wait for an operator and are left out. */
  listAnyRunUnfinished(before: Timestamp, limit: number): Promise<readonly Receipt[]>;
  countByState(run: RunId): Promise<Readonly<Partial<Record<ReceiptState, number>>>>;
}

export function createMoveReceiptRepository(db: Database): MoveReceiptRepository {
  return guarded<MoveReceiptRepository>({
    begin: (run, secret, to, now) => begin(db, run, secret, to, now),
    beginClearing: (spare, now) => beginClearing(db, spare, now),
    claim: (receipt, now) => change(db, receipt, {}, now),
    move: (receipt, seen, toRef, now) =>
      flip(db, seen, { store: receipt.toStore, ref: toRef }, (tx) =>
        change(tx, receipt, { state: 'moved', to_ref: toRef, moved_at: now }, now),
      ),
    moveBack: (receipt, seen, now) =>
      flip(db, seen, { store: receipt.fromStore, ref: receipt.fromRef ?? '' }, (tx) =>
        change(tx, receipt, { state: 'returned' }, now),
      ),
    clear: (receipt, now, error) => {
      const state = receipt.state === 'moved' ? 'destroying' : 'abandoning';
      return change(db, receipt, { state, ...(error === undefined ? {} : { error }) }, now);
    },
    clearMoved: (run, limit, now) => clearMoved(db, run, limit, now),
    end: (receipts, now) => end(db, receipts, now),
    fail: async (receipt, error, now) => {
      await change(db, receipt, { state: 'failed', error, ended_at: now }, now);
    },
    listOfRun: async (run, states, after, limit) => {
      const rows = db.knex<ReceiptRow>('move_receipts').where({ run_id: run }).whereIn('state', states);
      if (after !== undefined) rows.where('secret_id', '>', after);
      return ((await rows.orderBy('secret_id').limit(limit)) as ReceiptRow[]).map(toReceipt);
    },
    openStoresOf: async (run) => {
      const open = db.knex<ReceiptRow>('move_receipts').where({ run_id: run }).whereNull('ended_at');
      const rows = (await open.distinct('from_store', 'to_store')) as ReceiptRow[];
      return rows.flatMap(({ from_store, to_store }) => [from_store, to_store]);
    },
    countAnyRunOpenByStore: () => countOpenByStore(db),
    findOpen: async (id) => {
      const open = db.knex<ReceiptRow>('move_receipts').where({ secret_id: id }).whereNull('ended_at');
      const [row] = (await open.options({ name: 'find-open-receipt' })) as ReceiptRow[];
      return row && toReceipt(row);
    },
    listAnyRunUnfinished: (before, limit) => listUnfinished(db, before, limit),
    countByState: (run) => countByState(db, run),
  });
}

async function begin(
  db: Database,
  run: RunId,
  secret: StoredSecret,
  to: string,
  now: Timestamp,
): Promise<Receipt | undefined> {
  const row = toReceiptRow({ id: randomUUID(), runId: run, secret, state: 'copying', now, toStore: to });
  const fresh: ReceiptRow = { ...row, from_store: secret.store, from_ref: secret.storeRef };
  return (await insert(db, fresh)) ?? reopen(db, fresh, now);
}

async function beginClearing(
  db: Database,
  { secret, store, ref }: SpareCopy,
  now: Timestamp,
): Promise<Receipt | undefined> {
  const row = toReceiptRow({
    id: randomUUID(),
    runId: null,
    secret,
    state: 'abandoning',
    now,
    toStore: store,
  });
  return transaction(db, async (tx) => {
    // Whoever lets the row point to this copy did so before, and is seen, or waits here and finds the place taken.
    const held = await tx
      .knex('secrets')
      .where({ id: secret.id, version: secret.version, state: 'active' })
      .whereRaw('not (store = ? and store_ref = ?)', [store, ref])
      .update({ updated_at: tx.knex.ref('updated_at') });
    return held === 1 ? insert(tx, { ...row, to_ref: ref }) : undefined;
  });
}

async function insert(db: Database, row: ReceiptRow): Promise<Receipt | undefined> {
  const inserted = await db
    .knex<ReceiptRow>('move_receipts')
    .insert(row)
    .onConflict()
    .ignore()
    .returning('id');
  return inserted.length === 1 ? toReceipt(row) : undefined;
}

/** A secret that this move tried before, to no avail. */
async function reopen(db: Database, fresh: ReceiptRow, now: Timestamp): Promise<Receipt | undefined> {
  const of = { run_id: fresh.run_id, secret_id: fresh.secret_id };
  const row = (await db.knex<ReceiptRow>('move_receipts').where(of).first()) as ReceiptRow | undefined;
  if (row === undefined || row.ended_at === null) return undefined;
  const { from_store, from_ref, to_ref, state, moved_at, ended_at } = fresh;
  const again = { from_store, from_ref, to_ref, state, moved_at, ended_at, error: null };
  try {
    return await change(db, toReceipt(row), again, now);
  } catch (error) {
    if (isDuplicate(error)) return undefined;
    throw error;
  }
}

async function change(
  db: Database,
  receipt: Receipt,
  changes: Partial<ReceiptRow>,
  now: Timestamp,
): Promise<Receipt | undefined> {
  const [row] = (await db
    .knex<ReceiptRow>('move_receipts')
    .where({ id: receipt.id, attempt: receipt.attempt, state: receipt.state })
    .update({ ...changes, attempt: receipt.attempt + 1, updated_at: now })
    .returning('*')) as ReceiptRow[];
  return row && toReceipt(row);
}

/** Thrown inside a transaction to take it back. */
class Lost extends Error {}

async function flip(
  db: Database,
  seen: StoredSecret,
  { store, ref }: { readonly store: string; readonly ref: string },
  note: (tx: Database) => Promise<Receipt | undefined>,
): Promise<boolean> {
  const { id, version, store: from, storeRef } = seen;
  try {
    await transaction(db, async (tx) => {
      const flipped = await tx
        .knex('secrets')
        .where({ id, version, store: from, store_ref: storeRef, state: 'active' })
        .update({ store, store_ref: ref, version: version + 1 });
      if (flipped !== 1 || (await note(tx)) === undefined) throw new Lost();
    });
    return true;
  } catch (error) {
    if (error instanceof Lost) return false;
    throw error;
  }
}

async function clearMoved(db: Database, run: RunId, limit: number, now: Timestamp): Promise<void> {
  const some = db
    .knex('move_receipts')
    .where({ run_id: run, state: 'moved' })
    .orderBy('secret_id')
    .limit(limit)
    .select('id');
  await db
    .knex('move_receipts')
    .whereIn('id', some)
    .where({ state: 'moved' })
    .update({ state: 'destroying', attempt: db.knex.raw('attempt + 1'), updated_at: now });
}

async function end(db: Database, receipts: readonly Receipt[], now: Timestamp): Promise<void> {
  if (receipts.length === 0) return;
  const ids = receipts.map(({ id }) => id);
  const ended = `case state when 'destroying' then 'done' when 'returned' then 'undone'
    else case when error is null then 'abandoned' else 'failed' end end`;
  await db
    .knex('move_receipts')
    .whereIn('id', ids)
    .whereIn('state', ['destroying', 'returned', 'abandoning'])
    .update({ state: db.knex.raw(ended), ended_at: now, updated_at: now });
}

async function listUnfinished(db: Database, before: Timestamp, limit: number): Promise<readonly Receipt[]> {
  const rows = (await db
    .knex<ReceiptRow>('move_receipts')
    .whereNull('ended_at')
    .whereNot({ state: 'moved' })
    .where('updated_at', '<', before)
    .orderBy('updated_at')
    .limit(limit)) as ReceiptRow[];
  return rows.map(toReceipt);
}

async function countOpenByStore(db: Database): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const column of ['from_store', 'to_store'] as const) {
    const rows = (await db
      .knex('move_receipts')
      .whereNull('ended_at')
      .whereNot(column, '')
      .groupBy(column)
      .select({ store: column })
      .count({ n: '*' })) as { store: string; n: number | string }[];
    for (const { store, n } of rows) counts.set(store, (counts.get(store) ?? 0) + Number(n));
  }
  return counts;
}

async function countByState(
  db: Database,
  run: RunId,
): Promise<Readonly<Partial<Record<ReceiptState, number>>>> {
  const rows = (await db
    .knex('move_receipts')
    .where({ run_id: run })
    .groupBy('state')
    .select('state')
    .count({ n: '*' })) as {
    state: ReceiptState;
    n: number | string;
  }[];
  return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]));
}
