import type { Payload } from '../../model/payload.ts';
import type { Secret } from '../../model/secret.ts';
import type { KeptSecret } from '../../repositories/orders.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { SecretStore } from '../../stores/secret-store.ts';

/**
 * The first half of creating a secret: its payload is safe, and nobody sees it. What never gets to its second half is a
 * pending row that the sweep finds, or nothing at all.
 */
export async function keepSecret(
  { secrets }: { readonly secrets: SecretRepository },
  draft: Secret,
  store: SecretStore,
  payload: Payload,
): Promise<KeptSecret> {
  const secret: Secret = { ...draft, store: store.name, payloadSize: payload.size, state: 'pending' };
  if (store.sealer !== undefined) {
    const sealed = await store.sealer.seal(secret, payload);
    return { secret: { ...secret, state: 'active', storeRef: secret.id }, sealed };
  }
  await secrets.insertPending(secret);
  return { secret, ref: await store.put(secret, payload) };
}
