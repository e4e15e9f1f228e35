import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { presentStore } from '../../src/http/secret-stores/present.ts';
import { timestamp } from '../../src/model/timestamp.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { StoreKind } from '../../src/stores/secret-store.ts';

/** The original's names for what a kind of store does, and for what seals before it stores. */
const KINDS: readonly [kind: StoreKind, crypto: string | null, store: string][] = [
  ['simple_crypto', 'simple_crypto', 'store_crypto'],
  ['pkcs11', 'p11_crypto', 'store_crypto'],
  ['kmip', null, 'kmip_plugin'],
  ['vault', null, 'vault_plugin'],
  ['dogtag', null, 'dogtag_crypto'],
  ['memory', null, 'memory'],
];

describe('a secret store as the API shows it', () => {
  for (const [kind, crypto, plugin] of KINDS) {
    it(kind, () => {
      const stores = createStoreRegistry([{ ...createMemoryStore('x'), kind }], 'x');
      const time = timestamp('2026-11-21T01:27:00.550635');
      const record = { id: 'i', name: 'x', kind, createdAt: time, updatedAt: time };
      expect(presentStore({ stores }, record, 'http://b')).to.deep.equal({
        created: '2026-11-21T01:27:00.550635',
        updated: '2026-11-21T01:27:00.550635',
        status: 'ACTIVE',
        crypto_plugin: crypto,
        global_default: true,
        name: 'x',
        secret_store_plugin: plugin,
        secret_store_ref: 'http://b/v1/secret-stores/i',
      });
    });
  }
});
