import { containerId, orderId, projectId, secretId, type ContainerId, type SecretId } from '../model/ids.ts';
import type { Order, OrderStatus, OrderType } from '../model/order.ts';
import { timestamp } from '../model/timestamp.ts';

/** What an order will make, under ids that are fixed when it is placed, and the store that was chosen for it then. */
export interface OrderPlan {
  /** The key, or the private one of a pair. */
  readonly secretId: SecretId;
  readonly publicId: SecretId | null;
  readonly passphraseId: SecretId | null;
  readonly containerId: ContainerId | null;
  readonly store: string;
}

/** An order that is this process's to work, until the claim runs out or another process has it. */
export interface ClaimedOrder {
  readonly order: Order;
  readonly plan: OrderPlan;
  /** How often it was claimed, this time included. */
  readonly attempts: number;
  readonly version: number;
}

/** A row of `orders`, as both databases return it. */
export interface OrderRow {
  readonly id: string;
  readonly project_id: string;
  readonly creator_id: string | null;
  readonly type: string;
  readonly status: string;
  readonly meta: string;
  readonly secret_id: string;
  readonly public_id: string | null;
  readonly passphrase_id: string | null;
  readonly container_id: string | null;
  readonly store: string;
  readonly error_status: string | null;
  readonly error_reason: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly due_at: string | null;
  readonly attempts: number;
  readonly version: number;
}

/** Until an order is done, what it will make is nobody's business. */
export function toOrder(row: OrderRow): Order {
  const done = row.status === 'ACTIVE';
  return {
    id: orderId(row.id),
    projectId: projectId(row.project_id),
    creatorId: row.creator_id,
    type: row.type as OrderType,
    status: row.status as OrderStatus,
    meta: JSON.parse(row.meta) as Order['meta'],
    secretId: done && row.container_id === null ? secretId(row.secret_id) : null,
    containerId: done && row.container_id !== null ? containerId(row.container_id) : null,
    errorStatus: row.error_status,
    errorReason: row.error_reason,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}

export function toClaimed(row: OrderRow): ClaimedOrder {
  const optional = (id: string | null): SecretId | null => (id === null ? null : secretId(id));
  return {
    order: toOrder(row),
    plan: {
      secretId: secretId(row.secret_id),
      publicId: optional(row.public_id),
      passphraseId: optional(row.passphrase_id),
      containerId: row.container_id === null ? null : containerId(row.container_id),
      store: row.store,
    },
    attempts: row.attempts,
    version: row.version,
  };
}

/** A new order, due at once. */
export function toNewRow(order: Order, plan: OrderPlan): OrderRow {
  return {
    id: order.id,
    project_id: order.projectId,
    creator_id: order.creatorId,
    type: order.type,
    status: order.status,
    meta: JSON.stringify(order.meta),
    secret_id: plan.secretId,
    public_id: plan.publicId,
    passphrase_id: plan.passphraseId,
    container_id: plan.containerId,
    store: plan.store,
    error_status: order.errorStatus,
    error_reason: order.errorReason,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    due_at: order.createdAt,
    attempts: 0,
    version: 1,
  };
}
