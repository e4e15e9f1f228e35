import { InternalError, IntegrityError, NotFound } from '../../errors.ts';
import type { Payload } from '../../model/payload.ts';
import type { SealedPayload } from '../../model/sealed-payload.ts';
import type { Secret } from '../../model/secret.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { StoreRegistry } from '../../stores/registry.ts';
import { storeRef } from '../../stores/secret-store.ts';

export interface ReadPayloadDeps {
  readonly secrets: Pick<SecretRepository, 'findAnyProject'>;
  readonly stores: StoreRegistry;
}

/** A move changes a row while it is read, and another one may follow at once: more often, and it is no move. */
const MAX_READS = 4;

/**
 * The payload, from the store it was written to and from no other. Sealed bytes that were read along with the row are
 * opened; a store elsewhere is asked. What does not come, because the secret was moved or its keys were changed since its
 * row was read, comes with the row as it is now. Throws `NotFound` without payload.
 */
export async function readPayload(
  deps: ReadPayloadDeps,
  secret: Secret,
  sealed: SealedPayload | undefined,
): Promise<Payload> {
  requirePayload(secret);
  let seen = secret;
  for (let read = 1; ; read += 1) {
    try {
      return await readAsSeen(deps, seen, read === 1 ? sealed : undefined);
    } catch (error) {
      const now = read === MAX_READS ? undefined : await deps.secrets.findAnyProject(secret.id);
      // Bytes of ours may have been sealed anew without a trace in the row: they are read a second time.
      const mayDiffer = read === 1 && sealed !== undefined;
      if (now === undefined || !isWorthAnother(now, seen, mayDiffer)) throw error;
      seen = now;
    }
  }
}

const isWorthAnother = (now: Secret, seen: Secret, mayDiffer: boolean): boolean =>
  now.state === 'active' && (now.version !== seen.version || mayDiffer);

async function readAsSeen(
  { stores }: ReadPayloadDeps,
  secret: Secret,
  sealed: SealedPayload | undefined,
): Promise<Payload> {
  if (secret.store === null || secret.storeRef === null) {
    throw new InternalError('', { detail: `secret ${secret.id} has a payload but names no store` });
  }
  const store = stores.named(secret.store);
  if (store.sealer !== undefined && sealed !== undefined) return store.sealer.open(secret, sealed);
  const payload = await store.get(secret, storeRef(secret.storeRef));
  if (payload === undefined) {
    throw new IntegrityError('', {
      detail: `store ${store.name} has lost the payload of secret ${secret.id}`,
    });
  }
  return payload;
}

export function requirePayload(secret: Secret): void {
  if (secret.contentType === null) throw new NotFound('Not Found. Sorry but your secret has no payload.');
}
