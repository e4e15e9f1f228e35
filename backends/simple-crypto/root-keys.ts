import { createSecretKey, type KeyObject } from 'node:crypto';
import { kekAad } from '../../src/crypto/aad.ts';
import { decodeWrappedKek, encodeKekId, encodeWrappedKek } from '../../src/crypto/envelope.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { IV_BYTES, KEY_BYTES, systemRandomness } from '../../src/crypto/seal.ts';
import { requireSameBytes, type Kek } from '../../src/crypto/sealed-payload.ts';
import { unwrapKey, wrapKey } from '../../src/crypto/wrap.ts';
import { ConfigurationError, IntegrityError, StoreUnavailable } from '../../src/errors.ts';
import type { ProjectId } from '../../src/model/ids.ts';
import type { KekRecord, NewKek, WrappedByRoot } from '../../src/model/kek.ts';
import type { KekRepository } from '../../src/repositories/keks.ts';
import type { StoreFacts } from '../../src/stores/secret-store.ts';
import type { SimpleCryptoOptions } from './options.ts';

export interface ProjectKek extends Kek {
  readonly projectId: ProjectId;
}

export interface RootKeys {
  /** The first is the one that wraps. */
  readonly ids: readonly [string, ...string[]];
  /** A new KEK, wrapped by the first root key. */
  wrapNew(kek: Omit<NewKek, 'rootKey' | 'wrapped'>): NewKek;
  /** The same KEK under the first root key; undefined when it is there already. */
  rewrap(record: KekRecord): WrappedByRoot | undefined;
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
  const others = masterKeys.slice(1).map(({ id }) => id);
  return {
    ids: [first.id, ...others],
    wrapNew: (kek) => wrapNew(kek, first),
    rewrap: (record) => rewrap(record, first, byId),
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

type RootKey = SimpleCryptoOptions['master_keys'][number];

function wrapNew(kek: Omit<NewKek, 'rootKey' | 'wrapped'>, first: RootKey): NewKek {
  const plain = Buffer.allocUnsafeSlow(KEY_BYTES);
  systemRandomness(plain);
  try {
    return { ...kek, ...wrap(kek, first, plain) };
  } finally {
    plain.fill(0);
  }
}

function wrap(
  kek: Pick<NewKek, 'id' | 'store' | 'projectId' | 'version'>,
  { id: rootKey, key }: RootKey,
  plain: Buffer,
): WrappedByRoot {
  const iv = Buffer.allocUnsafeSlow(IV_BYTES);
  systemRandomness(iv);
  const aad = kekAad({ ...kek, id: encodeKekId(kek.id) }, rootKey);
  const wrapped = wrapKey('gcm', { key }, aad, plain, iv);
  return { rootKey, wrapped: encodeWrappedKek({ suite: 'gcm', rootKey, wrapped }) };
}

function rewrap(record: KekRecord, first: RootKey, rootKeys: RootKeysById): WrappedByRoot | undefined {
  const plain = unwrapBytes(record, rootKeys);
  try {
    if (record.rootKey === first.id) return undefined;
    const fresh = wrap(record, first, plain);
    requireSameBytes(unwrapBytes({ ...record, ...fresh }, rootKeys), plain);
    return fresh;
  } finally {
    plain.fill(0);
  }
}

type RootKeysById = ReadonlyMap<string, KeyObject>;

/** The caller's to wipe. */
function unwrapBytes(record: KekRecord, rootKeys: RootKeysById): Buffer {
  if (record.wrapped === null) throw new KeyDestroyed('', { detail: `KEK ${record.id} was destroyed` });
  const { suite, rootKey, wrapped } = decodeWrappedKek(record.wrapped);
  if (rootKey !== record.rootKey)
    throw new IntegrityError('', { detail: `KEK ${record.id} names two root keys` });
  const key = rootKeys.get(rootKey);
  if (key === undefined) {
    throw new StoreUnavailable(`root key "${rootKey}" of KEK ${record.id} is not configured`);
  }
  const aad = kekAad({ ...record, id: encodeKekId(record.id) }, rootKey);
  const plain = unwrapKey(suite, { key }, aad, wrapped);
  if (plain.length === KEY_BYTES) return plain;
  plain.fill(0);
  throw new IntegrityError('', { detail: `KEK ${record.id} has the wrong length` });
}

function unwrap(record: KekRecord, rootKeys: RootKeysById): ProjectKek {
  const plain = unwrapBytes(record, rootKeys);
  try {
    const { id, version, projectId } = record;
    return { id, octets: encodeKekId(id), version, projectId, key: createSecretKey(plain) };
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
function refuseWrong(sample: KekRecord, rootKeys: RootKeysById): void {
  try {
    unwrap(sample, rootKeys);
  } catch (cause) {
    throw new ConfigurationError(
      `store "${sample.store}": master key "${sample.rootKey}" does not unwrap the project keys it should: wrong key file?`,
      cause,
    );
  }
}
