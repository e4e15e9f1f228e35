import { randomUUID } from 'node:crypto';
import { containerId, orderId, secretId, type SecretId } from '../../model/ids.ts';
import type { Order } from '../../model/order.ts';
import type { SecretHeader, SecretType } from '../../model/secret.ts';
import type { NewOrderTarget } from '../../model/target.ts';
import { orderedSecret } from '../../operations/orders/ordered-secret.ts';
import type { OrderPlan } from '../../repositories/order-rows.ts';
import type { Call } from '../route.ts';
import type { NewOrder } from './schema.ts';

export interface OrderDraft {
  readonly order: Order;
  /** Where it all goes is decided later. */
  readonly plan: Omit<OrderPlan, 'store'>;
}

const newSecretId = (): SecretId => secretId(randomUUID());

/** The order a request asks for, and ids for all that it will make. */
export function draftOrder({ input, identity, projectId, now }: Call<unknown, NewOrder>): OrderDraft {
  const order: Order = {
    id: orderId(randomUUID()),
    projectId,
    creatorId: identity.principal.user.id,
    type: input.type,
    status: 'PENDING',
    meta: input.meta,
    secretId: null,
    containerId: null,
    errorStatus: null,
    errorReason: null,
    createdAt: now,
    updatedAt: now,
  };
  const isPair = input.type === 'asymmetric';
  const plan = {
    secretId: newSecretId(),
    publicId: isPair ? newSecretId() : null,
    passphraseId: input.passphrase === undefined ? null : newSecretId(),
    containerId: isPair ? containerId(randomUUID()) : null,
  };
  return { order, plan };
}

export interface PlannedSecrets {
  /** Or the private half of a pair. */
  readonly key: SecretHeader;
  readonly others: readonly SecretHeader[];
}

/** What will be made, for the question whether a store can hold it. */
export function plannedSecrets({ order, plan }: OrderDraft): PlannedSecrets {
  const planned = (id: SecretId, type: SecretType): SecretHeader =>
    orderedSecret(order, id, type, order.createdAt);
  return {
    key: planned(plan.secretId, order.type === 'key' ? 'symmetric' : 'private'),
    others: [
      ...(plan.publicId === null ? [] : [planned(plan.publicId, 'public')]),
      ...(plan.passphraseId === null ? [] : [planned(plan.passphraseId, 'passphrase')]),
    ],
  };
}

/** What the policy sees of an order that does not exist yet: null if the body could not be read. */
export function newOrderTarget(input: NewOrder | undefined): NewOrderTarget {
  const attributes = input === undefined ? null : { orderType: input.type, meta: input.meta };
  return { type: 'new-order', attributes };
}
