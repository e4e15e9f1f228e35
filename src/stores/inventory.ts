import type { ProjectId, SecretId } from '../model/ids.ts';
import type { StoreRef } from './secret-store.ts';

/** One thing in a store that is this store's by its name: of its prefix, its namespace, or its rows. */
export interface StoredObject {
  /** Undefined: of no secret, and of no use to anyone; a start that was killed left it. */
  readonly secretId: SecretId | undefined;
  /** Undefined where an object's name does not tell. */
  readonly projectId: ProjectId | undefined;
  /** As `put` gives it. */
  readonly ref: StoreRef;
}

export interface InventoryPage {
  readonly objects: readonly StoredObject[];
  /** Asks for the page after this one; may be called again where that failed. Undefined: this was the last. */
  readonly next?: () => Promise<InventoryPage>;
}

/** What a store holds, for whoever compares it with the rows. Errors as the rest of the seam. */
export interface Inventory {
  /**
   * The first page. What is there all the while is on one of them, several objects of one secret each by itself; what
   * comes or goes meanwhile may be missing, and so may others while some go. Never another store's, and never a payload.
   */
  list(): Promise<InventoryPage>;
  /** This object alone, whatever else there is of its secret. Destroying what is gone succeeds. */
  destroy(object: StoredObject): Promise<void>;
}

/** One after the other; no more than a page is held. */
export async function* everyObject(inventory: Pick<Inventory, 'list'>): AsyncGenerator<StoredObject> {
  let page: InventoryPage | undefined = await inventory.list();
  while (page !== undefined) {
    yield* page.objects;
    page = await page.next?.();
  }
}
