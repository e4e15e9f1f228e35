import { generateKeyPair } from '../../src/crypto/generate-key-pair.ts';
import { generateKey } from '../../src/crypto/generate-key.ts';
import { Conflict } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import type { StoredObject } from '../../src/stores/inventory.ts';
import {
  storeRef,
  type KeyGenerator,
  type MadeKey,
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

export interface MemoryOptions {
  /** Makes keys itself, as a device does. */
  readonly generates?: boolean;
}

/** The reference that every other store is compared with. Forgets everything with the process: for tests only. */
export function createMemoryStore(name: string, { generates = false }: MemoryOptions = {}): SecretStore {
  const payloads = new Map<StoreRef, Payload>();
  const owners = new Map<StoreRef, StoredObject>();
  const refOf = (secret: SecretHeader): StoreRef => storeRef(`memory:${secret.id}`);
  const isOwn = (secret: SecretHeader, ref: StoreRef): boolean => ref === refOf(secret);
  const forget = (ref: StoreRef): void => {
    payloads.get(ref)?.wipe();
    payloads.delete(ref);
    owners.delete(ref);
  };
  const store: SecretStore = {
    name,
    kind: 'memory',
    capabilities: CAPABILITIES,
    put: async (secret, payload) => {
      requireCapable({ name, capabilities: CAPABILITIES }, secret, payload.size);
      const ref = refOf(secret);
      const stored = payloads.get(ref);
      if (stored === undefined) {
        payloads.set(ref, Payload.copy(payload.bytes()));
        owners.set(ref, { secretId: secret.id, projectId: secret.projectId, ref });
      } else if (!stored.bytes().equals(payload.bytes()))
        throw new Conflict('Secret already has data, cannot modify it.');
      return ref;
    },
    locate: async (secret) => (payloads.has(refOf(secret)) ? refOf(secret) : undefined),
    get: async (secret, ref) => {
      const stored = isOwn(secret, ref) ? payloads.get(ref) : undefined;
      return stored && Payload.copy(stored.bytes());
    },
    destroy: async (secret, ref) => {
      if (isOwn(secret, ref)) forget(ref);
    },
    inventory: {
      list: async () => ({ objects: [...owners.values()] }),
      destroy: async ({ ref }) => forget(ref),
    },
    health: async () => ({}),
    close: async () => undefined,
  };
  return generates ? { ...store, generator: createGenerator(store) } : store;
}

function createGenerator(store: SecretStore): KeyGenerator {
  const keep = async (secret: SecretHeader, payload: Payload): Promise<MadeKey> => ({
    ref: await store.put(secret, payload),
    size: payload.size,
  });
  return {
    makesKey: ({ algorithm }) => algorithm === 'aes',
    makeKey: async (secret, bits) => keep(secret, await generateKey(bits)),
    makesPair: (kind) => kind === 'ecdsa',
    makePair: async (pair, kind, bits) => {
      const made = await generateKeyPair(kind, bits, undefined);
      return {
        privateKey: await keep(pair.privateKey, made.privateKey),
        publicKey: await keep(pair.publicKey, made.publicKey),
      };
    },
  };
}
