import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { ConfigurationError, IntegrityError } from '../../errors.ts';
import { projectId, secretId } from '../../model/ids.ts';
import { Payload } from '../../model/payload.ts';
import type { SecretHeader } from '../../model/secret.ts';
import type { SecretStore, StoreFacts, StoreKind } from '../../stores/secret-store.ts';
import { reasonOf, stateAfter, type StoreState } from '../../stores/store-status.ts';

export interface StoreCheck {
  readonly name: string;
  readonly kind: StoreKind;
  readonly health: StoreState;
  /** How long opening, asking and the canary's journey took. */
  readonly ms: number;
  /** What is wrong, in words an operator can act on. */
  readonly reason: string;
  readonly facts: StoreFacts;
}

/** Whose canaries a store may hold, should a check be killed half way. */
const CHECK_PROJECT = projectId('postern-check');
const CANARY_BYTES = 32;

/** Whether a store can do its work now. Never throws: what is wrong is the answer. */
export async function checkStore(
  open: () => Promise<SecretStore>,
  { name, kind }: { readonly name: string; readonly kind: StoreKind },
): Promise<StoreCheck> {
  const began = performance.now();
  const checked = (health: StoreState, reason: string, facts: StoreFacts): StoreCheck => ({
    name,
    kind,
    health,
    ms: Math.round(performance.now() - began),
    reason,
    facts,
  });
  let store: SecretStore | undefined;
  try {
    store = await open();
    const facts = await store.health();
    if (store.sealer === undefined && store.capabilities.destroys === 'erase') await sendCanary(store);
    return checked('ok', '', facts);
  } catch (error) {
    if (error instanceof ConfigurationError) return checked('misconfigured', error.message, {});
    return checked(stateAfter(error), reasonOf(error), {});
  } finally {
    await store?.close().catch(() => undefined);
  }
}

/** There, back, the same, gone. Not where it would leave something: such a store's own health check has to do. */
async function sendCanary(store: SecretStore): Promise<void> {
  const canary = Payload.own(randomBytes(CANARY_BYTES));
  const secret: SecretHeader = {
    id: secretId(randomUUID()),
    projectId: CHECK_PROJECT,
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
  };
  const ref = await store.put(secret, canary);
  try {
    const back = await store.get(secret, ref);
    const same = back?.size === canary.size && timingSafeEqual(back.bytes(), canary.bytes());
    if (!same) throw new IntegrityError('', { detail: 'a payload did not come back as it was written' });
  } finally {
    await store.destroy(secret, ref);
  }
}
