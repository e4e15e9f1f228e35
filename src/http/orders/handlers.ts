import { MethodNotAllowed } from '../../errors.ts';
import type { Order } from '../../model/order.ts';
import { placeOrder } from '../../operations/orders/place-order.ts';
import { withinQuota } from '../../operations/quotas/within-quota.ts';
import type { OrderQuery } from '../../repositories/order-lists.ts';
import { requireCapable } from '../../stores/capabilities.ts';
import type { Placement } from '../../stores/placement.ts';
import { pageLinks, pageOf } from '../paging.ts';
import { placeFor } from '../placing.ts';
import type { Call, RawInput, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { draftOrder, plannedSecrets, type OrderDraft } from './draft.ts';
import { orderRef, presentOrder } from './present.ts';
import type { NewOrder } from './schema.ts';

export async function postOrder(services: Services, call: Call<unknown, NewOrder>): Promise<Reply> {
  const draft = draftOrder(call);
  const { order, plan } = draft;
  const { passphrase } = call.input;
  const created = { id: order.id, projectId: order.projectId };
  try {
    const placed = await withinQuota(services, { ...created, kind: 'orders' }, async () => {
      const { store, placedBy } = await placeAll(services, call, draft);
      await placeOrder(services, order, { ...plan, store: store.name }, store, passphrase);
      return { store: store.name, placedBy };
    });
    services.orderBell.ring();
    const ref = orderRef(call.base, order.id);
    return { status: 202, headers: { Location: ref }, body: { order_ref: ref }, created, ...placed };
  } finally {
    passphrase?.wipe();
  }
}

/** Bytes of a key that is still to be made: not none, and never too many for a store. */
const SOME = 1;

/** Chosen now, because the policy is asked now; all that an order makes goes to one store, which must take all of it. */
async function placeAll(
  services: Services,
  call: Call<unknown, NewOrder>,
  draft: OrderDraft,
): Promise<Placement> {
  const { key, others } = plannedSecrets(draft);
  const placement = await placeFor(services, call, key, SOME);
  const passphraseSize = call.input.passphrase?.size ?? 0;
  for (const secret of others) {
    requireCapable(placement.store, secret, secret.secretType === 'passphrase' ? passphraseSize : SOME);
  }
  return placement;
}

export interface ListOrders {
  readonly query: OrderQuery;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export function parseListOrders({ query: sent, limits }: RawInput): ListOrders {
  return { sent, query: { meta: sent['meta'] || undefined, ...pageOf(sent, limits) } };
}

export async function getOrders(services: Services, call: Call<unknown, ListOrders>): Promise<Reply> {
  const { query, sent } = call.input;
  const { orders, total } = await services.orderLists.listAnyProject(call.decision.filter, query);
  const items = orders.map((order) => presentOrder(order, call.base));
  const links = pageLinks(`${call.base}/v1/orders`, sent, query, items.length, total);
  return { status: 200, body: { orders: items, ...links, total } };
}

export function getOrder(_services: Services, call: Call<Order, unknown>): Promise<Reply> {
  return Promise.resolve({ status: 200, body: presentOrder(call.found, call.base) });
}

export async function removeOrder(services: Services, call: Call<Order, unknown>): Promise<Reply> {
  await services.orders.remove(call.found);
  return { status: 204 };
}

/** Orders of a kind that could be changed are gone; the policy is still asked before the method is refused. */
export function putOrders(): Promise<Reply> {
  return Promise.reject(
    new MethodNotAllowed('Order update is not supported.', { headers: { Allow: 'GET, POST, PUT' } }),
  );
}
