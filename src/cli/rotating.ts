import type { Config } from '../config.ts';
import { ConfigurationError } from '../errors.ts';
import type { Log } from '../log.ts';
import { now } from '../model/timestamp.ts';
import { openStore } from '../open-stores.ts';
import type { RotateDeps } from '../operations/keys/rotate-deps.ts';
import type { Database } from '../repositories/database.ts';
import { createKekRotationRepository } from '../repositories/kek-rotation.ts';
import { createKekRepository } from '../repositories/keks.ts';
import { createSealedPayloadRotationRepository } from '../repositories/sealed-payload-rotation.ts';
import { createSealedPayloadRepository } from '../repositories/sealed-payloads.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';

/** A store whose keys Postern has to look after. */
export type SealingStore = Extract<
  Config['stores']['configured'][number],
  { readonly kind: 'simple_crypto' | 'pkcs11' }
>;

export const sealingStores = ({ stores }: Config): readonly SealingStore[] =>
  stores.configured.filter((store) => store.kind === 'simple_crypto' || store.kind === 'pkcs11');

export function sealingStore(config: Config, name: string | undefined): SealingStore {
  const all = sealingStores(config);
  const found = all.find((store) => store.name === name);
  if (found !== undefined) return found;
  const names = all.map((store) => store.name).join(', ') || 'none is configured';
  throw new ConfigurationError(`which store that seals? (${names})`);
}

/** Everything that replacing keys takes, but for who listens and how fast it goes. */
export type KeysOfStore = Omit<RotateDeps, 'pace' | 'onProgress' | 'onFailure' | 'wait'>;

/** With the store open, and the database. */
export function withKeysOf<T>(
  { config, log }: Pick<Invocation, 'config' | 'log'>,
  options: SealingStore,
  work: (keys: KeysOfStore, database: Database) => Promise<T>,
): Promise<T> {
  return withDatabase(config, async (database) => {
    const store = await open(options, { database, log });
    try {
      return await work(keysOf(store, database), database);
    } finally {
      await store.close();
    }
  });
}

type Opened = RotateDeps['store'] & { close(): Promise<void> };

async function open(
  options: SealingStore,
  deps: { readonly database: Database; readonly log: Log },
): Promise<Opened> {
  const store = await openStore(options, deps);
  const { name, rotation } = store;
  if (rotation === undefined) throw new ConfigurationError(`store "${name}" has no keys of its own`);
  return { name, rotation, close: () => store.close() };
}

const keysOf = (store: Opened, database: Database): KeysOfStore => ({
  store,
  keks: createKekRepository(database),
  keksInRotation: createKekRotationRepository(database),
  sealedPayloads: createSealedPayloadRepository(database),
  sealedInRotation: createSealedPayloadRotationRepository(database),
  clock: now,
});
