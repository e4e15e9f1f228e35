import type { Receipt } from '../../model/move.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { MoveReceiptRepository } from '../../repositories/move-receipts.ts';
import type { StoreRegistry } from '../../stores/registry.ts';
import { storeRef } from '../../stores/secret-store.ts';

export interface ClearReceiptDeps {
  readonly receipts: MoveReceiptRepository;
  readonly stores: StoreRegistry;
  readonly clock: Clock;
}

/**
 * Destroys the copy that nothing refers to, of a receipt on its way out; may be repeated until it succeeds. The state
 * excludes every flip, and the open receipt every other move: no row can come to point to this copy.
 */
export async function destroySpare(
  { stores }: Pick<ClearReceiptDeps, 'stores'>,
  receipt: Receipt,
): Promise<void> {
  const old = receipt.state === 'destroying';
  const store = stores.named(old ? receipt.fromStore : receipt.toStore);
  const known = old ? receipt.fromRef : receipt.toRef;
  // What was found outside of any move may be in the very store that the secret is in: it alone goes.
  if (receipt.runId === null && known !== null && store.inventory !== undefined) {
    const { id: secretId, projectId } = receipt.secret;
    return store.inventory.destroy({ secretId, projectId, ref: storeRef(known) });
  }
  const ref = known === null ? await store.locate(receipt.secret) : storeRef(known);
  if (ref !== undefined) await store.destroy(receipt.secret, ref);
}

/** The same, and the receipt ends. */
export async function clearReceipt(deps: ClearReceiptDeps, receipt: Receipt): Promise<void> {
  await destroySpare(deps, receipt);
  await deps.receipts.end([receipt], deps.clock());
}
