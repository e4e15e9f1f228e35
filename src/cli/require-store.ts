import type { Config } from '../config.ts';
import { ConfigurationError } from '../errors.ts';

/** An operator may misspell a name, or mean a store of another configuration. */
export function requireStore({ stores }: Config, name: string): void {
  if (!stores.configured.some((store) => store.name === name))
    throw new ConfigurationError(`no configured store is named "${name}"`);
}
