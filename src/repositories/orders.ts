import { Conflict } from '../errors.ts';
import type { Container, Member } from '../model/container.ts';
import type { OrderId, ProjectId } from '../model/ids.ts';
import type { Order, OrderType } from '../model/order.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { Secret } from '../model/secret.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { createContainerRepository } from './containers.ts';
import { guarded, transaction, type Database } from './database.ts';
import {
  toClaimed,
  toNewRow,
  toOrder,
  type ClaimedOrder,
  type OrderPlan,
  type OrderRow,
} from './order-rows.ts';
import { addToCounter, ORDERS } from './project-counts.ts';
import { createSealedPayloadRepository } from './sealed-payloads.ts';
import { createSecretRepository } from './secrets.ts';
import { rowsOf, type Statement } from './statement.ts';

/** A secret whose payload is safe and which nobody sees yet: sealed bytes in hand, or a pending row and its store's ref. */
export type KeptSecret =
  | { readonly secret: Secret; readonly sealed: SealedPayload }
  | { readonly secret: Secret; readonly ref: string };

/** What an order made. */
export interface Made {
  readonly secrets: readonly KeptSecret[];
  readonly container: { readonly row: Container; readonly members: readonly Member[] } | null;
}

export interface Failure {
  /** An HTTP status as text. */
  readonly status: string;
  readonly reason: string;
}

/** An order is worked by whoever claimed it last: every change of an order under way names the claim. */
export interface OrderRepository {
  /** `passphrase` stays pending, and is not taken for something a crash left, for as long as the order may need it. */
  insert(order: Order, plan: OrderPlan, passphrase?: KeptSecret): Promise<void>;
  find(project: ProjectId, id: OrderId): Promise<Order | undefined>;
  /** The row; what it made stays. Removing what is gone succeeds. */
  remove(order: Order): Promise<void>;
  /** Orders that are due, the longest waiting first; due again at `until`. No two callers get the same one. */
  claimAnyProject(
    type: OrderType,
    limit: number,
    now: Timestamp,
    until: Timestamp,
  ): Promise<readonly ClaimedOrder[]>;
  /** Still the claimant's, or once more due, at `until`. False: it is another's, or gone. */
  postpone(claim: ClaimedOrder, until: Timestamp): Promise<boolean>;
  /** What was made becomes visible and the order ACTIVE, in one transaction. `Conflict` if the claim is lost. */
  complete(claim: ClaimedOrder, made: Made, now: Timestamp): Promise<void>;
  /** Ends in ERROR. False: it is another's, or gone. */
  fail(claim: ClaimedOrder, failure: Failure, now: Timestamp): Promise<boolean>;
}

/** When nobody looks any more: the sweep takes a pending secret for abandoned by its age. */
const NEEDED = timestamp('9999-12-31T23:59:59.999999');

export function createOrderRepository(db: Database): OrderRepository {
  return guarded<OrderRepository>({
    insert: (order, plan, passphrase) =>
      transaction(db, async (tx) => {
        await tx.knex('orders').insert(toNewRow(order, plan));
        if (passphrase !== undefined) await hold(tx, passphrase);
        await addToCounter(tx, ORDERS, order.projectId, 1);
      }),
    find: async (project, id) => {
      const row = await db.knex<OrderRow>('orders').where({ id, project_id: project }).first();
      return row && toOrder(row as OrderRow);
    },
    remove: (order) => remove(db, order),
    claimAnyProject: (type, limit, now, until) => claim(db, type, limit, now, until),
    postpone: (claimed, until) => update(db, claimed, { due_at: until }),
    complete: (claimed, made, now) => transaction(db, (tx) => complete(tx, claimed, made, now)),
    fail: (claimed, { status, reason }, now) =>
      transaction(db, async (tx) => {
        const failure = { status: 'ERROR', error_status: status, error_reason: reason };
        if (!(await update(tx, claimed, { ...failure, due_at: null, updated_at: now }))) return false;
        await release(tx, claimed.plan.passphraseId, now);
        return true;
      }),
  });
}

async function hold(tx: Database, kept: KeptSecret): Promise<void> {
  const { secret } = kept;
  if (!('sealed' in kept)) {
    const held = await tx
      .knex('secrets')
      .where({ id: secret.id, version: secret.version, state: 'pending' })
      .update({ store_ref: kept.ref, updated_at: NEEDED });
    if (held !== 1) throw new Conflict('The secret was changed by another request.');
    return;
  }
  const row: Secret = { ...secret, state: 'pending', storeRef: secret.id, updatedAt: NEEDED };
  await createSecretRepository(tx).insertPending(row);
  await createSealedPayloadRepository(tx).insert(
    secret.id,
    secret.store ?? '',
    kept.sealed,
    secret.createdAt,
  );
}

/** An order that no longer needs it leaves the passphrase to the sweep, which destroys the payload and then the row. */
async function release(tx: Database, id: string | null, now: Timestamp): Promise<void> {
  if (id === null) return;
  await tx
    .knex('secrets')
    .where({ id, state: 'pending', updated_at: NEEDED })
    .update({ updated_at: now, version: tx.knex.raw('version + 1') });
}

/** The order first, as whoever completes it does: two that lock in one order never wait for each other. */
const REMOVE: Statement = {
  name: 'remove-order',
  pg: 'delete from orders where id = $1 returning passphrase_id',
  sqlite3: 'delete from orders where id = ? returning passphrase_id',
};

async function remove(db: Database, order: Order): Promise<void> {
  await transaction(db, async (tx) => {
    const [removed] = await rowsOf<Pick<OrderRow, 'passphrase_id'>>(tx, REMOVE, [order.id]);
    if (removed === undefined) return;
    await release(tx, removed.passphrase_id, order.updatedAt);
    await addToCounter(tx, ORDERS, order.projectId, -1);
  });
}

/** Only a read while there is nothing to do: SQLite has one writer, which may be another process. */
const due = (type: string, now: string, limit: string): string =>
  `select id from orders where status = 'PENDING' and type = ${type} and due_at <= ${now} order by due_at limit ${limit}`;

const DUE: Statement = { name: 'orders-due', pg: due('$1', '$2', '1'), sqlite3: due('?', '?', '1') };

const claiming = (until: string, candidates: string): string => `
  update orders set due_at = ${until}, attempts = attempts + 1, version = version + 1
  where id ${candidates} returning *`;

const CLAIM: Statement = {
  name: 'claim-orders',
  // Skipping what another process is claiming at this moment: it is taken, not waited for.
  // An array, because a subquery might be run once more for each row, and lock others each time.
  pg: claiming('$1', `= any(array(${due('$2', '$3', '$4')} for update skip locked))`),
  sqlite3: claiming('?', `in (${due('?', '?', '?')})`),
};

async function claim(
  db: Database,
  type: OrderType,
  limit: number,
  now: Timestamp,
  until: Timestamp,
): Promise<readonly ClaimedOrder[]> {
  if ((await rowsOf(db, DUE, [type, now])).length === 0) return [];
  const rows = await rowsOf<OrderRow>(db, CLAIM, [until, type, now, limit]);
  return rows.map(toClaimed);
}

async function complete(tx: Database, claimed: ClaimedOrder, made: Made, now: Timestamp): Promise<void> {
  if (!(await update(tx, claimed, { status: 'ACTIVE', due_at: null, updated_at: now }))) {
    throw new Conflict('The order was changed by another request.');
  }
  const secrets = createSecretRepository(tx);
  for (const kept of made.secrets) {
    if ('sealed' in kept) await secrets.insertActive(kept.secret, kept.sealed);
    else await secrets.markActive(kept.secret, kept.ref, now);
  }
  if (made.container !== null) {
    await createContainerRepository(tx).insert(made.container.row, made.container.members);
  }
}

async function update(
  db: Database,
  { order, version }: ClaimedOrder,
  changes: Partial<OrderRow>,
): Promise<boolean> {
  const changed = await db.knex('orders').where({ id: order.id, version, status: 'PENDING' }).update(changes);
  return changed === 1;
}
