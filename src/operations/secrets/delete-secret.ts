import { Conflict } from '../../errors.ts';
import type { Secret } from '../../model/secret.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { MoveReceiptRepository } from '../../repositories/move-receipts.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { StoreRegistry } from '../../stores/registry.ts';

export interface DeleteSecretDeps {
  readonly secrets: SecretRepository;
  readonly receipts: Pick<MoveReceiptRepository, 'findOpen'>;
  readonly stores: StoreRegistry;
  readonly clock: Clock;
}

/** A move changes a secret's row once, or twice if it is undone: more often, and it is no move. */
const MAX_ATTEMPTS = 4;

/**
 * The mirror of creating: mark, destroy in the store, remove the row and what hangs on it. A store that does not answer
 * leaves the row `destroying`, invisible; the sweep destroys again. Sealed bytes go with the row. A row that changed
 * since it was read (its payload went to another store) is read again. Deleting what is gone by now succeeds.
 */
export async function deleteSecret(deps: DeleteSecretDeps, secret: Secret): Promise<void> {
  let seen: Secret | undefined = secret;
  for (let attempt = 1; seen !== undefined; attempt += 1) {
    try {
      return await deleteAsSeen(deps, seen);
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === MAX_ATTEMPTS) throw error;
    }
    seen = await deps.secrets.findAnyProject(secret.id);
  }
}

async function deleteAsSeen(deps: DeleteSecretDeps, secret: Secret): Promise<void> {
  const { secrets, receipts, stores, clock } = deps;
  if (secret.store === null) return secrets.removeAsSeen(secret);
  const isSealed = stores.named(secret.store).sealer !== undefined && secret.state === 'active';
  if (isSealed && (await receipts.findOpen(secret.id)) === undefined) return secrets.removeAsSeen(secret);
  const isMarked = secret.state === 'destroying';
  const destroying = isMarked ? secret : await secrets.markDestroying(secret, clock());
  await destroyPayload(deps, destroying);
}

/**
 * The second half, for the sweep too: may be repeated until it succeeds. A move may have left a copy in another store; one
 * that is still on its way there is the move's to destroy, since the row it was for is no more.
 */
export async function destroyPayload(
  { secrets, receipts, stores }: Omit<DeleteSecretDeps, 'clock'>,
  secret: Secret,
): Promise<void> {
  const receipt = await receipts.findOpen(secret.id);
  const holders = receipt === undefined ? [] : [receipt.fromStore, receipt.toStore];
  for (const name of new Set([secret.store ?? '', ...holders].filter((one) => one !== ''))) {
    const store = stores.named(name);
    // A second step under way may have put a payload there that no row refers to yet.
    const ref = await store.locate(secret);
    if (ref !== undefined) await store.destroy(secret, ref);
  }
  await secrets.remove(secret);
}
