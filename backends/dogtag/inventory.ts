import type { Inventory, InventoryPage, StoredObject } from '../../src/stores/inventory.ts';
import { storeRef } from '../../src/stores/secret-store.ts';
import type { Turns } from '../../src/stores/turns.ts';
import { keyId, type KeyRecord } from './key-record.ts';
import type { Kra } from './kra.ts';
import type { DogtagOptions } from './options.ts';
import { secretIdIn } from './payloads.ts';

export interface InventoryDeps extends Pick<DogtagOptions, 'name' | 'namespace'> {
  readonly kra: Kra;
  readonly turns: Turns;
}

/** The KRA searches all its keys anew for each page. */
const KEYS_PER_PAGE = 500;

/**
 * The active keys whose client key ids are ours; a KRA can look for one of them, and not for what they begin with. An
 * inactive key is destroyed as far as anybody can destroy it.
 */
export function createInventory(deps: InventoryDeps): Inventory {
  const { kra, turns } = deps;
  const pageFrom = async (start: number): Promise<InventoryPage> => {
    const keys = await kra.pageOfActive(start, KEYS_PER_PAGE);
    const objects = keys.flatMap((key) => objectOf(deps, key) ?? []);
    const isLast = keys.length < KEYS_PER_PAGE;
    return { objects, ...(isLast ? {} : { next: () => pageFrom(start + keys.length) }) };
  };
  return {
    list: () => pageFrom(0),
    destroy: async ({ secretId, ref }) => {
      const id = keyId(ref);
      const key = id && (await kra.find(id));
      if (key?.isActive !== true || secretId === undefined || secretIdIn(deps, key.clientKeyId) !== secretId)
        return;
      await turns(key.clientKeyId, () => kra.deactivate(key.id));
    },
  };
}

function objectOf(deps: InventoryDeps, { id, clientKeyId, isActive }: KeyRecord): StoredObject | undefined {
  const secretId = isActive ? secretIdIn(deps, clientKeyId) : undefined;
  return secretId && { secretId, projectId: undefined, ref: storeRef(id) };
}
