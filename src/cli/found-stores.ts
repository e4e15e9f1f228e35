import type { Config } from '../config.ts';
import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { openStore } from '../open-stores.ts';
import type { Database } from '../repositories/database.ts';
import type { StoreRegistry } from '../stores/registry.ts';
import type { SecretStore } from '../stores/secret-store.ts';
import { reasonOf } from '../stores/store-status.ts';
import { withoutTrials } from './moving.ts';

/** A configured store, open or not. */
export interface Found {
  readonly name: string;
  readonly store: SecretStore | undefined;
  /** Why it is not open. */
  readonly problem: string;
}

/** All that are configured: one that is away leaves the others to be looked at. */
export function findStores(
  { stores }: Config,
  deps: { readonly database: Database; readonly log: Log },
): Promise<readonly Found[]> {
  return Promise.all(
    stores.configured.map(async (options) => {
      const { name } = options;
      try {
        return { name, store: await openStore(withoutTrials(options), deps), problem: '' };
      } catch (error) {
        return { name, store: undefined, problem: problemOf(error) };
      }
    }),
  );
}

const problemOf = (error: unknown): string =>
  error instanceof ConfigurationError ? error.message : reasonOf(error);

/** Those that opened; asked for another it says why that one did not. */
export function registryOf(found: readonly Found[]): StoreRegistry {
  const named = (name: string): SecretStore => {
    const one = found.find((other) => other.name === name);
    if (one?.store !== undefined) return one.store;
    throw new StoreUnavailable(one?.problem ?? `store "${name}" is not configured`);
  };
  return {
    named,
    get default() {
      return named(found[0]?.name ?? '');
    },
    all: found.flatMap(({ store }) => store ?? []),
  };
}
