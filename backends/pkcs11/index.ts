import { ConfigurationError, StoreUnavailable } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import { SECRET_TYPES, type SecretHeader } from '../../src/model/secret.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KekRepository } from '../../src/repositories/keks.ts';
import type { SealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import { createSealedRows } from '../../src/stores/sealed-rows.ts';
import type { Sealer, SecretStore, StoreCapabilities } from '../../src/stores/secret-store.ts';
import { createUseCounts } from '../../src/stores/use-counts.ts';
import { createTokenHost, type TokenHost } from './host.ts';
import type { Pkcs11Options } from './options.ts';
import { createProjectKeks } from './project-keks.ts';
import type { Probed } from './requests.ts';
import { createSealing } from './sealing.ts';
import { createTokenClient, type TokenClient } from './token-client.ts';
import { createTokenGenerator } from './token-generator.ts';
import { createTokenRotation } from './token-rotation.ts';
import { createTokenSealer } from './token-sealer.ts';

export { checkTokenKeys, destroyTokenKeys, initTokenKeys } from './keys.ts';
export { pkcs11Options, type Pkcs11Options } from './options.ts';
export type { DescribedKey } from './token-keys.ts';

export interface Pkcs11Deps {
  readonly options: Pkcs11Options;
  readonly keks: KekRepository;
  readonly sealedPayloads: SealedPayloadRepository;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is sealed in software, and read from rows of ours. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/**
 * Payloads sealed by an HSM, as rows of our own database. Does not open when the token is away, refuses the PIN, lacks a
 * key or a mechanism, or does not have the keys that wrapped what is stored.
 */
export async function createPkcs11Store(deps: Pkcs11Deps): Promise<SecretStore> {
  const { options, log } = deps;
  const host = createTokenHost({ options, log, purpose: 'serve' });
  const token = createTokenClient(host, {
    attemptMs: options.attempt_timeout * 1_000,
    generationMs: options.generation_timeout * 1_000,
  });
  try {
    await host.open();
    await checkMasterKeys(deps, token);
    return assemble(deps, { host, token, probed: await token.probe() });
  } catch (error) {
    host.close();
    throw error;
  }
}

interface Opened {
  readonly host: TokenHost;
  readonly token: TokenClient;
  readonly probed: Probed;
}

function assemble(deps: Pkcs11Deps, { host, token, probed }: Opened): SecretStore {
  const { options, keks: repository, sealedPayloads: payloads, clock } = deps;
  const { name: store } = options;
  const rootKey = options.master_keys[0]?.id ?? '';
  const capabilities = capabilitiesOf(options, probed);
  const keks = createProjectKeks({ store, rootKey, keks: repository, token, clock });
  const uses = createUseCounts(repository);
  const sealing = createSealing({ options, token });
  const sealer = within(capabilities, store, createTokenSealer({ store, sealing, keks, uses }));
  return {
    name: store,
    kind: 'pkcs11',
    capabilities,
    sealer,
    rotation: createTokenRotation({ store, options, token, sealing, keks, uses, clock }),
    ...createSealedRows({ name: store, payloads, clock, sealer }),
    ...(probed.largestPayload === 0
      ? {}
      : { generator: createTokenGenerator({ store, token, keks, uses, probed }) }),
    health: async () => ({ ...(await token.health()), restarts: host.restarts() }),
    close: async () => {
      await uses.flush();
      keks.clear();
      host.close();
    },
  };
}

/** In mode T a payload goes through the token in one call; in the others only keys do. */
const capabilitiesOf = ({ mode }: Pkcs11Options, { largestPayload }: Probed): StoreCapabilities => ({
  minPayloadBytes: 1,
  maxPayloadBytes: mode === 'T' ? largestPayload : MAX_PAYLOAD_BYTES,
  secretTypes: SECRET_TYPES,
  destroys: 'erase',
});

const within = (capabilities: StoreCapabilities, name: string, sealer: Sealer): Sealer => ({
  seal: async (secret: SecretHeader, payload) => {
    requireCapable({ name, capabilities }, secret, payload.size);
    return sealer.seal(secret, payload);
  },
  open: (secret, sealed) => sealer.open(secret, sealed),
});

/** The canary: a token with other keys under the right labels is found now, not by the first request that fails. */
async function checkMasterKeys({ options, keks }: Pkcs11Deps, token: TokenClient): Promise<void> {
  const { name } = options;
  const known = new Set(options.master_keys.map(({ id }) => id));
  for (const [rootKey, count] of await keks.countAnyProjectByRootKey(name)) {
    if (!known.has(rootKey)) {
      throw new ConfigurationError(
        `store "${name}": master key "${rootKey}" wraps ${count} project keys but is not among its master_keys`,
      );
    }
    const sample = await keks.findAnyProjectWrappedBy(name, rootKey);
    if (sample !== undefined)
      await token.checkKek(sample).catch((error: unknown) => refuseWrong(name, rootKey, error));
  }
}

function refuseWrong(name: string, rootKey: string, error: unknown): never {
  if (error instanceof StoreUnavailable) throw error;
  throw new ConfigurationError(
    `store "${name}": master key "${rootKey}" does not unwrap the project keys it should: another token, or other keys under its labels?`,
    error,
  );
}
