import type { BrokerError } from '../../errors.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { ClaimedOrder } from '../../repositories/order-rows.ts';
import type { OrderRepository } from '../../repositories/orders.ts';

export interface FailOrderDeps {
  readonly orders: OrderRepository;
  readonly clock: Clock;
}

/** What the API calls the work on an order. */
const TASK = 'Process TypeOrder';
const MAX_REASON_CHARACTERS = 255;

/** The end of an order that cannot be worked; clients find status and reason in it. */
export async function failOrder(
  { orders, clock }: FailOrderDeps,
  claim: ClaimedOrder,
  error: BrokerError,
): Promise<void> {
  const { code, description } = error.body(TASK);
  const reason = [...(description ?? '')].slice(0, MAX_REASON_CHARACTERS).join('');
  await orders.fail(claim, { status: String(code), reason }, clock());
}
