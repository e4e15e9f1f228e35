import { ConfigurationError } from '../errors.ts';
import { destroyRetiredKeks, findMasterKeyUse, untilForgotten } from '../operations/keys/retire-keys.ts';
import type { ItemOutcome } from '../operations/runs/work-through.ts';
import { destroyStoreKeys } from '../token-keys.ts';
import type { Invocation } from './commands.ts';
import { interruption } from './interruption.ts';
import { flagOption } from './options.ts';
import { paceOf } from './pace.ts';
import { sealingStore, withKeysOf, type KeysOfStore, type SealingStore } from './rotating.ts';

/** `postern keys retire STORE KEY` or `STORE --project-keks`: lets go of keys that nothing needs. */
export function runKeysRetire(invocation: Invocation): Promise<unknown> {
  const { config, words, options } = invocation;
  const store = sealingStore(config, words[0]);
  const id = words[1];
  const areProjectKeys = flagOption(options, 'project-keks');
  if (areProjectKeys === (id !== undefined))
    throw new ConfigurationError('which key? The id of a master key, or --project-keks');
  return withKeysOf(invocation, store, (keys) =>
    id === undefined ? retireProjectKeys(invocation, keys) : retireMasterKey(invocation, { store, keys, id }),
  );
}

const retireDeps = ({ options }: Invocation, keys: KeysOfStore) => ({
  ...keys,
  pace: { ...paceOf(options), signal: interruption() },
});

async function retireProjectKeys(invocation: Invocation, keys: KeysOfStore): Promise<unknown> {
  const { pace, ...deps } = retireDeps(invocation, keys);
  const onOutcome = (outcome: ItemOutcome): void => invocation.trail('destroying project keys', outcome);
  const { destroyed, needed, young } = await destroyRetiredKeks({ ...deps, pace: { ...pace, onOutcome } });
  if (needed > 0) {
    process.stderr.write(
      `${needed} retired project keys have payloads: "postern keys rotate ${keys.store.name} --level project"\n`,
    );
    process.exitCode = 1;
  }
  if (young > 0) process.stderr.write(`${young} were retired just now: try again in two minutes\n`);
  return { store: keys.store.name, destroyed, needed, young };
}

interface Wanted {
  readonly store: SealingStore;
  readonly keys: KeysOfStore;
  readonly id: string;
}

async function retireMasterKey(invocation: Invocation, wanted: Wanted): Promise<unknown> {
  const { store, keys, id } = wanted;
  const { masterKeys } = keys.store.rotation;
  if (id === masterKeys[0])
    throw new ConfigurationError(`"${id}" is the first of the master_keys: it is the one that wraps`);
  const { keks, payloads } = await findMasterKeyUse(retireDeps(invocation, keys), id);
  if (keks + payloads > 0) {
    const signed = payloads === 0 ? '' : ` and signs ${payloads} payloads`;
    throw new ConfigurationError(
      `"${id}" wraps ${keks} project keys${signed}: "postern keys rotate ${store.name} --level master" first`,
    );
  }
  if (!masterKeys.includes(id))
    throw new ConfigurationError(`"${id}" is not among the master_keys, and wraps nothing`);
  const isDestroyed = flagOption(invocation.options, 'destroy');
  if (isDestroyed) await destroyOnToken(invocation, wanted);
  process.stderr.write(`nothing is under "${id}": it may be removed from master_keys\n`);
  return { store: store.name, master_key: id, project_keys: 0, payloads: 0, destroyed: isDestroyed };
}

/** Last of all: a process that still has a project key as the old master key wrapped it would ask the token for that. */
async function destroyOnToken(
  { config, log, options }: Invocation,
  { store, keys, id }: Wanted,
): Promise<void> {
  if (store.kind !== 'pkcs11')
    throw new ConfigurationError(`a key of a ${store.kind} store is a file of yours: destroy it yourself`);
  const pace = { ...paceOf(options), signal: new AbortController().signal };
  const restMs = await untilForgotten({ ...keys, pace });
  if (restMs > 0) {
    const seconds = Math.ceil(restMs / 1_000);
    throw new ConfigurationError(
      `running processes may need "${id}" for another ${seconds} s: nothing was destroyed, try again then`,
    );
  }
  await destroyStoreKeys(config, store.name, { id, log });
}
