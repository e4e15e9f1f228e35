import type { Order } from '../../model/order.ts';
import { containerRef } from '../containers/present.ts';
import { presentTime } from '../iso-time.ts';
import { secretRef } from '../secrets/present.ts';

export const orderRef = (base: string, id: string): string => `${base}/v1/orders/${id}`;

/** No other key, ever: clients refuse unknown ones. */
export function presentOrder(order: Order, base: string): Readonly<Record<string, unknown>> {
  const { secretId, containerId } = order;
  return {
    created: presentTime(order.createdAt),
    updated: presentTime(order.updatedAt),
    status: order.status,
    type: order.type,
    meta: order.meta,
    ...presentEnd(order),
    ...(order.creatorId === null ? {} : { creator_id: order.creatorId }),
    ...(secretId === null ? {} : { secret_ref: secretRef(base, secretId) }),
    order_ref: orderRef(base, order.id),
    ...(containerId === null ? {} : { container_ref: containerRef(base, containerId) }),
  };
}

/** Nobody ever gave an order another sub-status than this one; one that failed, or is under way, has none. */
function presentEnd({ status, errorStatus, errorReason }: Order): Readonly<Record<string, unknown>> {
  if (status === 'ACTIVE') return { sub_status: 'Unknown', sub_status_message: 'Unknown' };
  return status === 'ERROR' ? { error_status_code: errorStatus, error_reason: errorReason } : {};
}
