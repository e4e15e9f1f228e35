import { InternalError } from '../../errors.ts';
import type { Payload } from '../../model/payload.ts';
import type { Secret } from '../../model/secret.ts';
import type { KeptSecret } from '../../repositories/orders.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { MadeKey, SecretStore } from '../../stores/secret-store.ts';

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

/** The same for a secret whose payload its store makes: the row is there before the key is. */
export async function expectSecret(
  { secrets }: { readonly secrets: SecretRepository },
  draft: Secret,
  store: SecretStore,
): Promise<Secret> {
  const secret: Secret = { ...draft, store: store.name, payloadSize: null, state: 'pending' };
  if (store.sealer === undefined) await secrets.insertPending(secret);
  return secret;
}

export function keepMade(expected: Secret, store: SecretStore, { ref, sealed, size }: MadeKey): KeptSecret {
  const secret: Secret = { ...expected, payloadSize: size };
  if (store.sealer === undefined) return { secret, ref };
  if (sealed === undefined) {
    throw new InternalError('', {
      detail: `store "${store.name}" seals, but gave a key of its own unsealed`,
    });
  }
  return { secret: { ...secret, state: 'active', storeRef: ref }, sealed };
}
