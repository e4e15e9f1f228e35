import { isCanonicalUuid4, secretId } from '../../src/model/ids.ts';
import type { Inventory, InventoryPage, StoredObject } from '../../src/stores/inventory.ts';
import { storeRef } from '../../src/stores/secret-store.ts';
import type { Kv } from './kv.ts';
import type { Mount } from './mount.ts';
import { isProjectFolder, projectOf } from './paths.ts';

export interface InventoryDeps {
  readonly prefix: string;
  readonly kv: Kv;
  readonly mount: Mount;
  /** How long an engine that was seen stays what it is. */
  readonly mountConfirmedMs: number;
}

/**
 * The entries below our prefix: folders are projects, and what is in them and is called like a secret is one. Whatever
 * else is there belongs to somebody else, as does what is deeper: another store's prefix may be below ours.
 */
export function createInventory({ prefix, kv, mount, mountConfirmedMs }: InventoryDeps): Inventory {
  const pageOf = async (folders: readonly string[], at: number): Promise<InventoryPage> => {
    const folder = folders[at];
    if (folder === undefined) return { objects: [] };
    const names = await kv.list(`${prefix}/${folder}`);
    return {
      objects: names.filter(isCanonicalUuid4).map((name) => entryOf(prefix, folder, name)),
      ...(at + 1 < folders.length ? { next: () => pageOf(folders, at + 1) } : {}),
    };
  };
  return {
    list: async () => {
      const names = (await kv.list(prefix)).filter((name) => name.endsWith('/'));
      const folders = names.map((name) => name.slice(0, -1)).filter(isProjectFolder);
      // An engine that was exchanged has nothing of ours either.
      if (folders.length === 0) await mount.confirm();
      return pageOf(folders, 0);
    },
    destroy: async ({ secretId: id, ref }) => {
      if (id === undefined || !ref.startsWith(`${prefix}/`) || !ref.endsWith(`/${id}`)) return;
      await mount.confirm(mountConfirmedMs);
      await kv.destroy(ref);
    },
  };
}

const entryOf = (prefix: string, folder: string, name: string): StoredObject => ({
  secretId: secretId(name),
  projectId: projectOf(folder),
  ref: storeRef(`${prefix}/${folder}/${name}`),
});
