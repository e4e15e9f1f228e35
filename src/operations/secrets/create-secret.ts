import type { Payload } from '../../model/payload.ts';
import type { Secret } from '../../model/secret.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { SecretStore } from '../../stores/secret-store.ts';

export interface CreateSecretDeps {
  readonly secrets: SecretRepository;
  readonly clock: Clock;
}

/** Metadata only: the payload comes in a second step. */
export async function createEmptySecret(
  { secrets }: Pick<CreateSecretDeps, 'secrets'>,
  draft: Secret,
): Promise<Secret> {
  await secrets.insertActive(draft);
  return draft;
}

/**
 * Row, payload, row: a crash leaves a `pending` row that the sweep finds, never a payload nobody points to. A store that
 * seals into our own database needs no such dance: one transaction holds both or neither.
 */
export async function createSecret(
  { secrets, clock }: CreateSecretDeps,
  draft: Secret,
  store: SecretStore,
  payload: Payload,
): Promise<Secret> {
  if (store.sealer !== undefined) {
    const sealed = await store.sealer.seal(draft, payload);
    const active: Secret = { ...draft, state: 'active', storeRef: draft.id };
    await secrets.insertActive(active, sealed);
    return active;
  }
  const pending: Secret = { ...draft, state: 'pending' };
  await secrets.insertPending(pending);
  const ref = await store.put(pending, payload);
  return secrets.markActive(pending, ref, clock());
}
