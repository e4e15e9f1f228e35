import { Conflict } from '../../errors.ts';
import type { Payload } from '../../model/payload.ts';
import type { ContentType, Secret } from '../../model/secret.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { SecretStore } from '../../stores/secret-store.ts';

export interface AddPayloadDeps {
  readonly secrets: SecretRepository;
  readonly clock: Clock;
}

/**
 * The second step of a creation in two. Of two at once one wins and the other is `Conflict`, as is one that comes late.
 * A store that fails leaves the secret `filling`; the sweep makes it one without payload again.
 */
export async function addPayload(
  { secrets, clock }: AddPayloadDeps,
  secret: Secret,
  store: SecretStore,
  payload: Payload,
  contentType: ContentType,
): Promise<Secret> {
  requireNoPayload(secret);
  const stored = { store: store.name, contentType, payloadSize: payload.size };
  if (store.sealer !== undefined) {
    const sealed = await store.sealer.seal(secret, payload);
    return secrets.fill(secret, { ...stored, storeRef: secret.id }, clock(), sealed);
  }
  const filling = await secrets.markFilling(secret, store.name, clock());
  const ref = await store.put(filling, payload);
  return secrets.fill(filling, { ...stored, storeRef: ref }, clock());
}

export function requireNoPayload(secret: Secret): void {
  if (secret.contentType !== null || secret.state === 'filling') {
    throw new Conflict('Secret already has data, cannot modify it.');
  }
}
