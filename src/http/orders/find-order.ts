import { NotFound } from '../../errors.ts';
import { isCanonicalUuid4, orderId } from '../../model/ids.ts';
import type { Order } from '../../model/order.ts';
import type { Lookup } from '../route.ts';
import type { Services } from '../services.ts';

export const ORDER_MISSING = 'Order not found.';

/** Only of the caller's project, before any policy is asked: another's order does not exist, not even for an admin. */
export async function findOrder({ orders }: Services, { params, projectId }: Lookup): Promise<Order> {
  const id = params['id'] ?? '';
  const found = isCanonicalUuid4(id) ? await orders.find(projectId, orderId(id)) : undefined;
  if (found === undefined) throw new NotFound(ORDER_MISSING);
  return found;
}
