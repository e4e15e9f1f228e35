import type { ClaimedOrder } from '../../repositories/order-rows.ts';
import { withinQuota, type QuotaDeps } from '../quotas/within-quota.ts';

/** What an order makes counts like anything else: there is room for all of it, or `QuotaExceeded`. */
export function withinOrderQuota<T>(
  deps: QuotaDeps,
  { order: { projectId }, plan }: ClaimedOrder,
  make: () => Promise<T>,
): Promise<T> {
  const { secretId, publicId, passphraseId, containerId } = plan;
  const others = [publicId, passphraseId].filter((id) => id !== null);
  return withinQuota(deps, { id: secretId, others, projectId, kind: 'secrets' }, () =>
    containerId === null
      ? make()
      : withinQuota(deps, { id: containerId, projectId, kind: 'containers' }, make),
  );
}
