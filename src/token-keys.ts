import {
  checkTokenKeys,
  destroyTokenKeys,
  initTokenKeys,
  type DescribedKey,
} from '../backends/pkcs11/index.ts';
import type { Config, StoreConfig } from './config.ts';
import { BrokerError, ConfigurationError } from './errors.ts';
import type { Log } from './log.ts';

export type { DescribedKey } from '../backends/pkcs11/index.ts';

/** Makes the master keys of a `pkcs11` store that its token lacks; `wrapped`: how many project keys need each. */
export const initStoreKeys = (
  config: Config,
  name: string | undefined,
  { wrapped, log }: { readonly wrapped: ReadonlyMap<string, number>; readonly log: Log },
): Promise<readonly DescribedKey[]> =>
  inWords(initTokenKeys({ options: storeNamed(config, name), log }, wrapped));

/** Destroys a master key of a `pkcs11` store on its token. That nothing needs it is for the caller to know. */
export const destroyStoreKeys = (
  config: Config,
  name: string,
  { id, log }: { readonly id: string; readonly log: Log },
): Promise<readonly DescribedKey[]> =>
  inWords(destroyTokenKeys({ options: storeNamed(config, name), log }, id));

/** What the token says of the master keys of a `pkcs11` store. */
export const describeStoreKeys = (
  config: Config,
  name: string | undefined,
  log: Log,
): Promise<readonly DescribedKey[]> => inWords(checkTokenKeys({ options: storeNamed(config, name), log }));

type TokenStore = Extract<StoreConfig, { readonly kind: 'pkcs11' }>;

function storeNamed({ stores }: Config, name: string | undefined): TokenStore {
  const withTokens = stores.configured.filter((store) => store.kind === 'pkcs11');
  const found = withTokens.find((store) => store.name === name);
  if (found !== undefined) return found;
  const names = withTokens.map((store) => store.name).join(', ') || 'none is configured';
  throw new ConfigurationError(`which store of kind pkcs11? (${names})`);
}

/** A command has no log that its caller reads: what is wrong is said. */
async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BrokerError) throw new ConfigurationError(error.detail ?? error.message);
    throw error;
  }
}
