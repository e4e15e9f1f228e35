import { createDogtagStore } from '../backends/dogtag/index.ts';
import { createKmipStore } from '../backends/kmip/index.ts';
import { createPkcs11Store } from '../backends/pkcs11/index.ts';
import { createSimpleCryptoStore } from '../backends/simple-crypto/index.ts';
import { createVaultStore } from '../backends/vault/index.ts';
import type { Config, StoreConfig } from './config.ts';
import { BrokerError, ConfigurationError } from './errors.ts';
import type { Log } from './log.ts';
import { now } from './model/timestamp.ts';
import type { Database } from './repositories/database.ts';
import { createKekRepository } from './repositories/keks.ts';
import { createSealedPayloadRepository } from './repositories/sealed-payloads.ts';
import type { GuardOptions } from './stores/guard-options.ts';
import { guardStore } from './stores/guarded-store.ts';
import { createStoreRegistry, type StoreRegistry } from './stores/registry.ts';
import type { SecretStore } from './stores/secret-store.ts';
import type { StoreStatus } from './stores/store-status.ts';

export interface OpenStoreDeps {
  readonly database: Database;
  readonly log: Log;
}

/**
 * Every configured store, or `ConfigurationError` with what is wrong with each that does not open: one that is silently
 * absent would be an outage found too late.
 */
export async function openStores(
  { stores }: Pick<Config, 'stores'>,
  deps: OpenStoreDeps,
): Promise<StoreRegistry> {
  const outcomes = await Promise.allSettled(stores.configured.map((options) => openStore(options, deps)));
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [failureOf(stores.configured[at]?.name, outcome.reason)] : [],
  );
  if (failed.length === 0) return createStoreRegistry(opened, stores.default);
  await Promise.allSettled(opened.map((store) => store.close()));
  throw new ConfigurationError(failed.join('\n'));
}

function failureOf(name: string | undefined, error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const why = error instanceof BrokerError ? (error.detail ?? error.message) : String(error);
  return why.startsWith('store "') ? why : `store "${name ?? ''}" does not open: ${why}`;
}

type Open<Kind extends StoreConfig['kind']> = (
  options: Extract<StoreConfig, { readonly kind: Kind }>,
  deps: OpenStoreDeps,
) => Promise<SecretStore>;

/** How each kind is opened; all but simple_crypto are guarded. */
const KINDS: { readonly [Kind in StoreConfig['kind']]: Open<Kind> } = {
  simple_crypto: (options, { database }) =>
    createSimpleCryptoStore({
      name: options.name,
      options,
      keks: createKekRepository(database),
      sealedPayloads: createSealedPayloadRepository(database),
      clock: now,
    }),
  pkcs11: async (options, deps) => {
    const keks = createKekRepository(deps.database);
    const sealedPayloads = createSealedPayloadRepository(deps.database);
    const store = await createPkcs11Store({ options, keks, sealedPayloads, clock: now, log: deps.log });
    return guarded(store, options, deps);
  },
  kmip: async (options, deps) =>
    guarded(await createKmipStore({ options, clockMs: Date.now }), options, deps),
  dogtag: async (options, deps) =>
    guarded(await createDogtagStore({ options, clockMs: Date.now }), options, deps),
  vault: async (options, deps) => {
    const clockMs = (): number => performance.now();
    const store = await createVaultStore({ options, log: deps.log, clockMs, random: Math.random });
    return guarded(store, options, deps);
  },
};

/** One store. Throws what it ended with. */
export function openStore(options: StoreConfig, deps: OpenStoreDeps): Promise<SecretStore> {
  // The compiler does not see that the kind of the options chooses the opener of that kind.
  return (KINDS[options.kind] as Open<StoreConfig['kind']>)(options, deps);
}

/** For the kinds whose payloads or keys are behind a wire. */
function guarded(store: SecretStore, options: GuardOptions, { log }: OpenStoreDeps): SecretStore {
  return guardStore(store, options, {
    clockMs: () => performance.now(),
    random: Math.random,
    onChange: (status) => logChange(log, status),
  });
}

function logChange(log: Log, { name, state, reason }: StoreStatus): void {
  const fields = { store: name, ...(reason === undefined ? {} : { detail: reason }) };
  if (state === 'ok') log.info('a secret store is well again', fields);
  else if (state === 'misconfigured')
    log.error('a secret store refuses us: somebody must change something', fields);
  else log.error('a secret store is not available', fields);
}
