import { BrokerError, InternalError } from '../errors.ts';
import { errorFields, type Log } from '../log.ts';
import { ORDER_TYPES } from '../model/order.ts';
import { timestampFromMillis, toMillis, type Timestamp } from '../model/timestamp.ts';
import { failOrder } from '../operations/orders/fail-order.ts';
import type { OrderBell } from '../operations/orders/order-bell.ts';
import { workOrder, type WorkOrderDeps } from '../operations/orders/work-order.ts';
import type { ClaimedOrder } from '../repositories/order-rows.ts';
import { startLane, type Lane } from './orders-lane.ts';

export interface WorkingDeps extends WorkOrderDeps {
  readonly orderBell: OrderBell;
  readonly log: Log;
}

/** How orders are taken and tried again. */
export interface Pace {
  /** How often to look for orders that other processes placed or left behind. */
  readonly lookEveryMs: number;
  /** A claim that was not renewed for so long is nobody's: whoever had it is gone. */
  readonly leaseMs: number;
  /** Before the second attempt; twice as long before each one after. */
  readonly retryAfterMs: number;
  readonly retryAtMostMs: number;
  /** Counts crashes too: an order that takes its worker with it must end. */
  readonly attempts: number;
}

/** A store may be away for about an hour before its orders fail. */
export const PACE: Pace = {
  lookEveryMs: 5_000,
  leaseMs: 20_000,
  retryAfterMs: 1_000,
  retryAtMostMs: 300_000,
  attempts: 20,
};

/** Of each type at once. Pairs take a thread for seconds, of the four that the database and the audit write with too. */
const AT_ONCE = { key: 4, asymmetric: 2 } as const;

/** Works the orders of all processes, those placed in this one at once. `stop` waits for those under way. */
export function startWorkingOrders(deps: WorkingDeps, pace: Pace = PACE): { stop(): Promise<void> } {
  const lanes = ORDER_TYPES.map((type): Lane => {
    const until = (): Timestamp => later(deps, pace.leaseMs);
    return startLane({
      atOnce: AT_ONCE[type],
      claim: (most) => deps.orders.claimAnyProject(type, most, deps.clock(), until()),
      work: (claim) => workAndSettle(deps, pace, claim),
      onError: (error) => deps.log.warn('orders could not be taken up', errorFields(error)),
    });
  });
  const wake = (): void => lanes.forEach((lane) => lane.wake());
  const silence = deps.orderBell.listen(wake);
  const timer = setInterval(wake, pace.lookEveryMs);
  timer.unref();
  wake();
  return {
    stop: async () => {
      silence();
      clearInterval(timer);
      await Promise.all(lanes.map((lane) => lane.stop()));
    },
  };
}

const later = ({ clock }: Pick<WorkingDeps, 'clock'>, ms: number): Timestamp =>
  timestampFromMillis(toMillis(clock()) + ms);

/** Renewals per lease: one may come late, or fail. */
const BEATS = 4;

async function workAndSettle(deps: WorkingDeps, pace: Pace, claim: ClaimedOrder): Promise<void> {
  // A database that is away fails the work itself; a claim that is lost shows when the order is to be completed.
  const renew = (): void =>
    void deps.orders.postpone(claim, later(deps, pace.leaseMs)).catch(() => undefined);
  const beat = setInterval(renew, pace.leaseMs / BEATS);
  try {
    if (claim.attempts > pace.attempts) throw new InternalError('', { detail: 'no attempt came to an end' });
    await workOrder(deps, claim);
  } catch (error) {
    clearInterval(beat);
    await settle(deps, pace, claim, error);
  } finally {
    clearInterval(beat);
  }
}

/** What a store will never hold, and a quota that is reached: the next time would end as this one. */
const FINAL: ReadonlySet<number> = new Set([400, 403]);

/** Whatever else went wrong may go well the next time. */
async function settle(deps: WorkingDeps, pace: Pace, claim: ClaimedOrder, error: unknown): Promise<void> {
  const { order, attempts } = claim;
  const fields = { ...errorFields(error), detail: `order ${order.id}: ${detailOf(error)}` };
  if (error instanceof BrokerError && FINAL.has(error.status)) return failOrder(deps, claim, error);
  if (attempts >= pace.attempts) {
    deps.log.error('an order failed for good', fields);
    return failOrder(deps, claim, new InternalError('', { cause: error }));
  }
  const wait = Math.min(pace.retryAfterMs * 2 ** (attempts - 1), pace.retryAtMostMs);
  const again = await deps.orders.postpone(claim, later(deps, wait));
  if (again) deps.log.warn('an order could not be worked and will be tried again', fields);
}

const detailOf = (error: unknown): string => (error instanceof BrokerError ? (error.detail ?? '') : '');
