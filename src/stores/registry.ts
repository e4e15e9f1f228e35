import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import type { SecretStore } from './secret-store.ts';

export interface StoreRegistry {
  /** The store a secret's row points to. A name nobody configured is `StoreUnavailable`: the payload is not gone. */
  named(name: string): SecretStore;
  readonly default: SecretStore;
  /** By name. */
  readonly all: readonly SecretStore[];
}

export function createStoreRegistry(stores: readonly SecretStore[], defaultName: string): StoreRegistry {
  const byName = new Map(stores.map((store) => [store.name, store]));
  if (byName.size !== stores.length) throw new ConfigurationError('two configured stores have the same name');
  const chosen = byName.get(defaultName);
  if (chosen === undefined)
    throw new ConfigurationError(`the default store "${defaultName}" is not configured`);
  return {
    named: (name) => byName.get(name) ?? refuse(name),
    default: chosen,
    all: [...stores].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function refuse(name: string): never {
  throw new StoreUnavailable(`store "${name}" is not configured`);
}
