import { Conflict } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import {
  storeRef,
  type SecretStore,
  type StoreCapabilities,
  type StoreRef,
} from '../../src/stores/secret-store.ts';

const CAPABILITIES: StoreCapabilities = {
  minPayloadBytes: 0,
  maxPayloadBytes: 1024 * 1024,
  secretTypes: SECRET_TYPES,
  destroys: 'erase',
};

/** The reference that every other store is compared with. Forgets everything with the process: for tests only. */
export function createMemoryStore(name: string): SecretStore {
  const payloads = new Map<StoreRef, Payload>();
  const refOf = (secret: SecretHeader): StoreRef => storeRef(`memory:${secret.id}`);
  const isOwn = (secret: SecretHeader, ref: StoreRef): boolean => ref === refOf(secret);
  return {
    name,
    kind: 'memory',
    capabilities: CAPABILITIES,
    put: async (secret, payload) => {
      requireCapable({ name, capabilities: CAPABILITIES }, secret, payload.size);
      const ref = refOf(secret);
      const stored = payloads.get(ref);
      if (stored === undefined) payloads.set(ref, Payload.copy(payload.bytes()));
      else if (!stored.bytes().equals(payload.bytes()))
        throw new Conflict('Secret already has data, cannot modify it.');
      return ref;
    },
    locate: async (secret) => (payloads.has(refOf(secret)) ? refOf(secret) : undefined),
    get: async (secret, ref) => {
      const stored = isOwn(secret, ref) ? payloads.get(ref) : undefined;
      return stored && Payload.copy(stored.bytes());
    },
    destroy: async (secret, ref) => {
      if (!isOwn(secret, ref)) return;
      payloads.get(ref)?.wipe();
      payloads.delete(ref);
    },
    health: async () => ({}),
    close: async () => undefined,
  };
}
