import { QuotaExceeded } from '../../errors.ts';
import type { ProjectId } from '../../model/ids.ts';
import type { CountedKind, Quotas } from '../../model/quota.ts';
import type { QuotaResource } from '../../model/target.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { QuotaReservationRepository, Reservation } from '../../repositories/quota-reservations.ts';
import type { QuotaRepository } from '../../repositories/quotas.ts';

export interface QuotaDeps {
  readonly quotas: QuotaRepository;
  readonly quotaReservations: QuotaReservationRepository;
  /** Of projects for which nothing is set. */
  readonly defaultQuotas: Quotas;
  readonly clock: Clock;
}

const QUOTA_OF: Readonly<Record<CountedKind, QuotaResource>> = {
  secrets: 'secrets',
  containers: 'containers',
  orders: 'orders',
  secret_consumers: 'consumers',
  container_consumers: 'consumers',
};

/**
 * Does `create` if the project's quota leaves room for what it makes; else `QuotaExceeded`. The place is reserved while
 * `create` is under way, so that no two creations take the last one, and under the id that the object will have, so that
 * it is never counted twice. Without a limit nothing is asked and nothing is counted.
 */
export async function withinQuota<T>(
  deps: QuotaDeps,
  reservation: Reservation,
  create: () => Promise<T>,
): Promise<T> {
  const limit = await limitOf(deps, reservation);
  if (limit < 0) return create();
  const { quotaReservations, clock } = deps;
  if (!(await quotaReservations.reserve(reservation, limit, clock()))) {
    throw new QuotaExceeded('Creation not allowed because a quota has been reached', { family: 'issue' });
  }
  try {
    return await create();
  } finally {
    // What is made is made, and what failed has failed, whatever becomes of this: the reservation runs out by itself.
    await quotaReservations.release(reservation).catch(() => undefined);
  }
}

async function limitOf(
  { quotas, defaultQuotas }: QuotaDeps,
  { projectId, kind }: { readonly projectId: ProjectId; readonly kind: CountedKind },
): Promise<number> {
  const configured = await quotas.findRecent(projectId);
  return configured?.[QUOTA_OF[kind]] ?? defaultQuotas[QUOTA_OF[kind]];
}
