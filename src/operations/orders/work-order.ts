import { BrokerError, Conflict, InternalError } from '../../errors.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { MoveReceiptRepository } from '../../repositories/move-receipts.ts';
import type { ClaimedOrder } from '../../repositories/order-rows.ts';
import type { OrderRepository } from '../../repositories/orders.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { StoreRegistry } from '../../stores/registry.ts';
import type { QuotaDeps } from '../quotas/within-quota.ts';
import { destroyPayload } from '../secrets/delete-secret.ts';
import { readPayload } from '../secrets/read-payload.ts';
import { failOrder } from './fail-order.ts';
import { makeKey, makePair, type HeldPassphrase } from './make-keys.ts';
import { wantedKey } from './wanted-key.ts';
import { withinOrderQuota } from './within-order-quota.ts';

export interface WorkOrderDeps extends QuotaDeps {
  readonly orders: OrderRepository;
  readonly secrets: SecretRepository;
  readonly receipts: Pick<MoveReceiptRepository, 'findOpen'>;
  readonly stores: StoreRegistry;
  readonly clock: Clock;
}

/**
 * Generates what was ordered. Everything becomes visible at once, with the order ACTIVE, or not at all: working an order
 * twice, or being killed anywhere, makes nothing twice and leaves nothing behind that the sweep does not find.
 */
export async function workOrder(deps: WorkOrderDeps, claim: ClaimedOrder): Promise<void> {
  const wanted = wantedKey(claim.order);
  if (wanted instanceof BrokerError) return failOrder(deps, claim, wanted);
  const store = deps.stores.named(claim.plan.store);
  if (claim.attempts > 1) await clearRemains(deps, claim);
  const passphrase = await findPassphrase(deps, claim);
  try {
    await withinOrderQuota(deps, claim, async () => {
      const made =
        wanted.kind === 'key'
          ? await makeKey(deps, claim, store, wanted.bits)
          : await makePair(deps, claim, store, { kind: wanted.kind, bits: wanted.bits, passphrase });
      await deps.orders.complete(claim, made, deps.clock());
    });
  } finally {
    passphrase?.payload.wipe();
  }
}

/** What an earlier run left at a store is of no use: no more than half of a pair may be there. */
async function clearRemains(deps: WorkOrderDeps, { plan }: ClaimedOrder): Promise<void> {
  for (const id of [plan.secretId, plan.publicId]) {
    const secret = id === null ? undefined : await deps.secrets.findAnyProject(id);
    if (secret === undefined) continue;
    if (secret.state === 'active') throw new Conflict('', { detail: `secret ${secret.id} exists already` });
    await destroyPayload(deps, await deps.secrets.claim(secret, deps.clock()));
  }
}

async function findPassphrase(
  { secrets, stores }: WorkOrderDeps,
  { plan }: ClaimedOrder,
): Promise<HeldPassphrase | undefined> {
  if (plan.passphraseId === null) return undefined;
  const secret = await secrets.findAnyProject(plan.passphraseId);
  if (secret?.state !== 'pending' || secret.storeRef === null) {
    throw new InternalError('', { detail: `the passphrase ${plan.passphraseId} of an order is gone` });
  }
  return { secret, ref: secret.storeRef, payload: await readPayload({ secrets, stores }, secret, undefined) };
}
