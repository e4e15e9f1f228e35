import { timingSafeEqual } from 'node:crypto';
import { openSealed, sealEnvelope } from '../../src/crypto/sealed-payload.ts';
import { Conflict, IntegrityError } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KekRepository } from '../../src/repositories/keks.ts';
import type { SealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import {
  storeRef,
  type Sealer,
  type SecretStore,
  type StoreCapabilities,
  type StoreRef,
} from '../../src/stores/secret-store.ts';
import type { SimpleCryptoOptions } from './options.ts';
import { createProjectKeks, type ProjectKeks } from './project-keks.ts';
import { createRootKeys } from './root-keys.ts';
import { createUseCounts, type UseCounts } from './use-counts.ts';

export { simpleCryptoOptions, type SimpleCryptoOptions } from './options.ts';

/** A payload is a row and passes through memory whole: far above what the API lets in, far below what hurts. */
const CAPABILITIES: StoreCapabilities = {
  minPayloadBytes: 0,
  maxPayloadBytes: 1024 * 1024,
  secretTypes: SECRET_TYPES,
  destroys: 'erase',
};

export interface SimpleCryptoDeps {
  readonly name: string;
  readonly options: Pick<SimpleCryptoOptions, 'master_keys'>;
  readonly keks: KekRepository;
  readonly sealedPayloads: SealedPayloadRepository;
  readonly clock: Clock;
}

/** Payloads sealed in our own database by keys of our own. Does not open when a key in use is missing or wrong. */
export async function createSimpleCryptoStore(deps: SimpleCryptoDeps): Promise<SecretStore> {
  const { name, keks, clock } = deps;
  const rootKeys = createRootKeys(deps.options.master_keys);
  await rootKeys.check(keks, name);
  const projectKeks = createProjectKeks({ store: name, keks, rootKeys, clock });
  const uses = createUseCounts(keks);
  const sealer = createSealer(name, projectKeks, uses);
  return {
    name,
    kind: 'simple_crypto',
    capabilities: CAPABILITIES,
    sealer,
    ...createRows(deps, sealer),
    health: () => rootKeys.probe(keks, name),
    close: async () => {
      await uses.flush();
      projectKeks.clear();
    },
  };
}

function createSealer(store: string, keks: ProjectKeks, uses: UseCounts): Sealer {
  return {
    seal: async (secret, payload) => {
      requireCapable({ name: store, capabilities: CAPABILITIES }, secret, payload.size);
      const kek = keks.cached(secret.projectId) ?? (await keks.load(secret.projectId));
      const blob = sealEnvelope(kek, contextOf(store, secret), payload.bytes());
      uses.count(kek.id);
      return { kekId: kek.id, blob };
    },
    open: async (secret, { kekId, blob }) => {
      try {
        const kek = keks.cachedById(kekId) ?? (await keks.loadById(kekId));
        // The associated data would not match either; this says why.
        if (kek.projectId !== secret.projectId)
          throw new IntegrityError('', { detail: 'a KEK of another project' });
        return Payload.own(openSealed(kek, contextOf(store, secret), blob));
      } catch (error) {
        throw located(error, store, secret);
      }
    },
  };
}

const contextOf = (store: string, { id, projectId }: SecretHeader) => ({ store, projectId, secretId: id });

/** Whoever is paged needs to know which row. */
function located(error: unknown, store: string, { id }: SecretHeader): unknown {
  if (!(error instanceof IntegrityError)) return error;
  return new IntegrityError('', {
    detail: `secret ${id} in store "${store}": ${error.detail ?? ''}`,
    cause: error,
  });
}

type Rows = Pick<SecretStore, 'put' | 'locate' | 'get' | 'destroy'>;

/** The four operations on rows of our own; the ref is the secret's id, as each secret has one row per store. */
function createRows({ name, sealedPayloads, clock }: SimpleCryptoDeps, sealer: Sealer): Rows {
  const find = (secret: SecretHeader): Promise<SealedPayload | undefined> =>
    sealedPayloads.find(secret.id, name);
  const get = async (secret: SecretHeader, ref: StoreRef): Promise<Payload | undefined> => {
    const sealed = ref === refOf(secret) ? await find(secret) : undefined;
    return sealed && sealer.open(secret, sealed);
  };
  return {
    put: async (secret, payload) => {
      const sealed = await sealer.seal(secret, payload);
      if (!(await sealedPayloads.insert(secret.id, name, sealed, clock()))) {
        requireSame(payload, await get(secret, refOf(secret)));
      }
      return refOf(secret);
    },
    locate: async (secret) => ((await find(secret)) === undefined ? undefined : refOf(secret)),
    get,
    destroy: async (secret, ref) => {
      if (ref === refOf(secret)) await sealedPayloads.remove(secret.id, name);
    },
  };
}

const refOf = ({ id }: SecretHeader): StoreRef => storeRef(id);

function requireSame(payload: Payload, stored: Payload | undefined): void {
  const same = stored?.size === payload.size && timingSafeEqual(stored.bytes(), payload.bytes());
  stored?.wipe();
  if (!same) throw new Conflict('Secret already has data, cannot modify it.');
}
