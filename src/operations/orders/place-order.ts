import type { Order } from '../../model/order.ts';
import type { Payload } from '../../model/payload.ts';
import type { OrderPlan } from '../../repositories/order-rows.ts';
import type { OrderRepository } from '../../repositories/orders.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { SecretStore } from '../../stores/secret-store.ts';
import { keepSecret } from './keep-secret.ts';
import { orderedSecret } from './ordered-secret.ts';

export interface PlaceOrderDeps {
  readonly orders: OrderRepository;
  readonly secrets: SecretRepository;
}

/**
 * Writes the order down. A passphrase goes where payloads go, as the secret it will be: nothing else keeps it safe until
 * the order is worked, maybe by another process after a crash. A store that cannot take it refuses the order.
 */
export async function placeOrder(
  { orders, secrets }: PlaceOrderDeps,
  order: Order,
  plan: OrderPlan,
  store: SecretStore,
  passphrase: Payload | undefined,
): Promise<void> {
  if (passphrase === undefined || plan.passphraseId === null) return orders.insert(order, plan);
  const draft = orderedSecret(order, plan.passphraseId, 'passphrase', order.createdAt);
  await orders.insert(order, plan, await keepSecret({ secrets }, draft, store, passphrase));
}
