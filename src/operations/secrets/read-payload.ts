import { InternalError, IntegrityError, NotFound } from '../../errors.ts';
import type { Payload } from '../../model/payload.ts';
import type { SealedPayload } from '../../model/sealed-payload.ts';
import type { Secret } from '../../model/secret.ts';
import type { StoreRegistry } from '../../stores/registry.ts';
import { storeRef } from '../../stores/secret-store.ts';

/**
 * The payload, from the store it was written to and from no other. Sealed bytes that were read along with the row are
 * opened; a store elsewhere is asked. Throws `NotFound` without payload.
 */
export async function readPayload(
  { stores }: { readonly stores: StoreRegistry },
  secret: Secret,
  sealed: SealedPayload | undefined,
): Promise<Payload> {
  requirePayload(secret);
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
