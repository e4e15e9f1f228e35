import type { SecretStoreRecord } from '../../repositories/secret-store-records.ts';
import type { StoreKind } from '../../stores/secret-store.ts';
import { presentTime } from '../iso-time.ts';
import type { Services } from '../services.ts';

interface Plugins {
  /** Null: the store keeps payloads itself, and no other part seals them first. */
  readonly crypto_plugin: string | null;
  readonly secret_store_plugin: string;
}

/** The original's names for what it calls plugins: operators' scripts look for them. */
const PLUGINS: Readonly<Record<StoreKind, Plugins>> = {
  simple_crypto: { crypto_plugin: 'simple_crypto', secret_store_plugin: 'store_crypto' },
  pkcs11: { crypto_plugin: 'p11_crypto', secret_store_plugin: 'store_crypto' },
  kmip: { crypto_plugin: null, secret_store_plugin: 'kmip_plugin' },
  vault: { crypto_plugin: null, secret_store_plugin: 'vault_plugin' },
  dogtag: { crypto_plugin: null, secret_store_plugin: 'dogtag_crypto' },
  memory: { crypto_plugin: null, secret_store_plugin: 'memory' },
};

export function presentStore(
  { stores }: Pick<Services, 'stores'>,
  record: SecretStoreRecord,
  base: string,
): Readonly<Record<string, unknown>> {
  const { crypto_plugin, secret_store_plugin } = PLUGINS[stores.named(record.name).kind];
  return {
    created: presentTime(record.createdAt),
    updated: presentTime(record.updatedAt),
    status: 'ACTIVE',
    crypto_plugin,
    global_default: record.name === stores.default.name,
    name: record.name,
    secret_store_plugin,
    secret_store_ref: `${base}/v1/secret-stores/${record.id}`,
  };
}
