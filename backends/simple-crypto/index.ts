import { openSealed, sealEnvelope } from '../../src/crypto/sealed-payload.ts';
import { IntegrityError } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KekRepository } from '../../src/repositories/keks.ts';
import type { SealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import { createSealedRows } from '../../src/stores/sealed-rows.ts';
import type { Sealer, SecretStore, StoreCapabilities } from '../../src/stores/secret-store.ts';
import { createUseCounts, type UseCounts } from '../../src/stores/use-counts.ts';
import type { SimpleCryptoOptions } from './options.ts';
import { createProjectKeks, type ProjectKeks } from './project-keks.ts';
import { createRootKeys } from './root-keys.ts';
import { createRotation } from './rotation.ts';

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
    rotation: createRotation({ store: name, rootKeys, keks: projectKeks, uses, clock }),
    ...createSealedRows({ name, payloads: deps.sealedPayloads, clock, sealer }),
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
