import type { Secret } from '../../model/secret.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { StoreRegistry } from '../../stores/registry.ts';

export interface DeleteSecretDeps {
  readonly secrets: SecretRepository;
  readonly stores: StoreRegistry;
  readonly clock: Clock;
}

/**
 * The mirror of creating: mark, destroy in the store, remove the row and what hangs on it. A store that does not answer
 * leaves the row `destroying`, invisible; the sweep destroys again. Sealed bytes go with the row.
 */
export async function deleteSecret(
  { secrets, stores, clock }: DeleteSecretDeps,
  secret: Secret,
): Promise<void> {
  if (secret.store === null) return secrets.remove(secret);
  const store = stores.named(secret.store);
  if (store.sealer !== undefined && secret.state === 'active') return secrets.remove(secret);
  const destroying = await secrets.markDestroying(secret, clock());
  await destroyPayload({ secrets, stores }, destroying);
}

/** The second half, for the sweep too: may be repeated until it succeeds. */
export async function destroyPayload(
  { secrets, stores }: Pick<DeleteSecretDeps, 'secrets' | 'stores'>,
  secret: Secret,
): Promise<void> {
  if (secret.store !== null) {
    const store = stores.named(secret.store);
    // A second step under way may have put a payload there that no row refers to yet.
    const ref = await store.locate(secret);
    if (ref !== undefined) await store.destroy(secret, ref);
  }
  await secrets.remove(secret);
}
