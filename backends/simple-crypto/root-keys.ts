import { createSecretKey, type KeyObject } from 'node:crypto';
import { kekAad } from '../../src/crypto/aad.ts';
import { decodeWrappedKek, encodeKekId, encodeWrappedKek } from '../../src/crypto/envelope.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { IV_BYTES, KEY_BYTES, systemRandomness } from '../../src/crypto/seal.ts';
import type { Kek } from '../../src/crypto/sealed-payload.ts';
import { unwrapKey, wrapKey } from '../../src/crypto/wrap.ts';
import { ConfigurationError, IntegrityError, StoreUnavailable } from '../../src/errors.ts';
import type { ProjectId } from '../../src/model/ids.ts';
import type { KekRecord, KekRepository, NewKek } from '../../src/repositories/keks.ts';
import type { StoreFacts } from '../../src/stores/secret-store.ts';
import type { SimpleCryptoOptions } from './options.ts';

export interface ProjectKek extends Kek {
  readonly projectId: ProjectId;
}

export interface RootKeys {
  /** A new KEK, wrapped by the first root key. */
  wrapNew(kek: Omit<NewKek, 'rootKey' | 'wrapped'>): NewKek;
  /** `KeyDestroyed`, `IntegrityError`, or `StoreUnavailable` when its root key is not configured. */
  unwrap(record: KekRecord): ProjectKek;
  /** Throws unless every root key the store's KEKs need is here and is the right one. */
  check(keks: KekRepository, store: string): Promise<void>;
  /** Reads and unwraps one KEK: throws what a request would. */
  probe(keks: KekRepository, store: string): Promise<StoreFacts>;
}

export function createRootKeys(masterKeys: SimpleCryptoOptions['master_keys']): RootKeys {
  const byId = new Map(masterKeys.map(({ id, key }) => [id, key]));
  const [first] = masterKeys;
  if (first === undefined) throw new ConfigurationError('a simple_crypto store needs a master key');
  return {
    wrapNew: (kek) => wrapNew(kek, first.id, first.key),
    unwrap: (record) => unwrap(record, byId),
    check: async (keks, store) => {
      for (const [rootKey, count] of await keks.countAnyProjectByRootKey(store)) {
        if (!byId.has(rootKey)) refuseMissing(store, rootKey, count);
        const sample = await keks.findAnyProjectWrappedBy(store, rootKey);
        if (sample !== undefined) refuseWrong(sample, byId);
      }
    },
    probe: async (keks, store) => {
      const sample = await keks.findAnyProjectWrappedBy(store, first.id);
      if (sample !== undefined) unwrap(sample, byId);
      return { master_keys: byId.size };
    },
  };
}

function wrapNew(kek: Omit<NewKek, 'rootKey' | 'wrapped'>, rootKey: string, key: KeyObject): NewKek {
  const drawn = Buffer.allocUnsafeSlow(KEY_BYTES + IV_BYTES);
  systemRandomness(drawn);
  try {
    const aad = kekAad({ ...kek, id: encodeKekId(kek.id) }, rootKey);
    const wrapped = wrapKey('gcm', { key }, aad, drawn.subarray(0, KEY_BYTES), drawn.subarray(KEY_BYTES));
    return { ...kek, rootKey, wrapped: encodeWrappedKek({ suite: 'gcm', rootKey, wrapped }) };
  } finally {
    drawn.fill(0);
  }
}

function unwrap(record: KekRecord, rootKeys: ReadonlyMap<string, KeyObject>): ProjectKek {
  if (record.wrapped === null) throw new KeyDestroyed('', { detail: `KEK ${record.id} was destroyed` });
  const { suite, rootKey, wrapped } = decodeWrappedKek(record.wrapped);
  if (rootKey !== record.rootKey)
    throw new IntegrityError('', { detail: `KEK ${record.id} names two root keys` });
  const key = rootKeys.get(rootKey);
  if (key === undefined) {
    throw new StoreUnavailable(`root key "${rootKey}" of KEK ${record.id} is not configured`);
  }
  const octets = encodeKekId(record.id);
  const plain = unwrapKey(suite, { key }, kekAad({ ...record, id: octets }, rootKey), wrapped);
  try {
    if (plain.length !== KEY_BYTES)
      throw new IntegrityError('', { detail: `KEK ${record.id} has the wrong length` });
    return {
      id: record.id,
      octets,
      version: record.version,
      projectId: record.projectId,
      key: createSecretKey(plain),
    };
  } finally {
    plain.fill(0);
  }
}

function refuseMissing(store: string, rootKey: string, count: number): never {
  throw new ConfigurationError(
    `store "${store}": master key "${rootKey}" wraps ${count} project keys but is not among its master_keys`,
  );
}

/** The canary: a wrong key file is named now, not by the first request that fails. */
function refuseWrong(sample: KekRecord, rootKeys: ReadonlyMap<string, KeyObject>): void {
  try {
    unwrap(sample, rootKeys);
  } catch (cause) {
    throw new ConfigurationError(
      `store "${sample.store}": master key "${sample.rootKey}" does not unwrap the project keys it should: wrong key file?`,
      cause,
    );
  }
}
