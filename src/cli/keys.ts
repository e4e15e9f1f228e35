import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { createKekRepository } from '../repositories/keks.ts';
import { describeStoreKeys, initStoreKeys, type DescribedKey } from '../token-keys.ts';
import { withDatabase } from './database.ts';

/** `postern keys init STORE`: makes the store's master keys that its token lacks, and none that it had. */
export async function runKeysInit(config: Config, [store]: readonly string[], log: Log): Promise<unknown> {
  // Asked first: which store is a question that needs no database.
  await describeStoreKeys(config, store, log);
  const wrapped = await wrappedBy(config, store ?? '');
  return show(await initStoreKeys(config, store, { wrapped, log }), wrapped);
}

/** `postern keys check STORE`: each master key as the token has it, what is wrong with it, and what it wraps. */
export async function runKeysCheck(
  config: Config,
  [store = '']: readonly string[],
  log: Log,
): Promise<unknown> {
  const keys = await describeStoreKeys(config, store, log);
  return show(keys, await wrappedBy(config, store));
}

const wrappedBy = (config: Config, store: string): Promise<ReadonlyMap<string, number>> =>
  withDatabase(config, (database) => createKekRepository(database).countAnyProjectByRootKey(store));

/** The process fails if any key is not as it should be. */
function show(keys: readonly DescribedKey[], wrapped: ReadonlyMap<string, number>): unknown {
  if (keys.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
  return keys.map(({ id, use, label, attributes, faults }) => ({
    id,
    use,
    label,
    bits: (attributes.bytes ?? 0) * 8,
    attributes: Object.entries(attributes).flatMap(([name, value]) => (value === 1 ? [name] : [])),
    project_keys: wrapped.get(id) ?? 0,
    health: faults.length === 0 ? 'ok' : faults.join('; '),
  }));
}
