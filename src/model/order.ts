import type { ContainerId, OrderId, ProjectId, SecretId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

export const ORDER_TYPES = ['key', 'asymmetric'] as const;
export type OrderType = (typeof ORDER_TYPES)[number];

export type OrderStatus = 'PENDING' | 'ACTIVE' | 'ERROR';

/** A wish for key material, worked outside the request that made it. */
export interface Order {
  readonly id: OrderId;
  readonly projectId: ProjectId;
  readonly creatorId: string | null;
  readonly type: OrderType;
  readonly status: OrderStatus;
  /** As the client sent it, trimmed, with `name` and `expiration` added; without any passphrase. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly secretId: SecretId | null;
  readonly containerId: ContainerId | null;
  /** Of `ERROR`: an HTTP status as text, and a reason. */
  readonly errorStatus: string | null;
  readonly errorReason: string | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}
