import { timingSafeEqual } from 'node:crypto';
import { Conflict } from '../errors.ts';
import type { ProjectId, SecretId } from '../model/ids.ts';
import type { Payload } from '../model/payload.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { SecretHeader } from '../model/secret.ts';
import type { Clock, Timestamp } from '../model/timestamp.ts';
import type { Inventory, InventoryPage } from './inventory.ts';
import { storeRef, type Sealer, type SecretStore, type StoreRef } from './secret-store.ts';

/** Where sealed bytes are kept: one payload for each secret and store. */
export interface SealedRows {
  /** False: there is one already, and it is left as it is. */
  insert(id: SecretId, store: string, sealed: SealedPayload, now: Timestamp): Promise<boolean>;
  find(id: SecretId, store: string): Promise<SealedPayload | undefined>;
  /** Removing what is gone succeeds. */
  remove(id: SecretId, store: string): Promise<void>;
  /** Whose payloads the store has, by id, those after `after`. */
  list(store: string, after: SecretId | undefined, limit: number): Promise<readonly SealedOwner[]>;
}

export interface SealedOwner {
  readonly secretId: SecretId;
  readonly projectId: ProjectId;
}

export interface SealedRowsDeps {
  /** Of the store. */
  readonly name: string;
  readonly payloads: SealedRows;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

/** The operations of a store that seals; the ref is the secret's id, as each secret has one row per store. */
export function createSealedRows({
  name,
  payloads,
  sealer,
  clock,
}: SealedRowsDeps): Pick<SecretStore, 'put' | 'locate' | 'get' | 'destroy' | 'inventory'> {
  const find = (secret: SecretHeader): Promise<SealedPayload | undefined> => payloads.find(secret.id, name);
  const get = async (secret: SecretHeader, ref: StoreRef): Promise<Payload | undefined> => {
    const sealed = ref === refOf(secret) ? await find(secret) : undefined;
    return sealed && sealer.open(secret, sealed);
  };
  return {
    put: async (secret, payload) => {
      const sealed = await sealer.seal(secret, payload);
      if (!(await payloads.insert(secret.id, name, sealed, clock()))) {
        requireSame(payload, await get(secret, refOf(secret)));
      }
      return refOf(secret);
    },
    locate: async (secret) => ((await find(secret)) === undefined ? undefined : refOf(secret)),
    get,
    destroy: async (secret, ref) => {
      if (ref === refOf(secret)) await payloads.remove(secret.id, name);
    },
    inventory: createInventory(name, payloads),
  };
}

const ROWS_PER_PAGE = 1_000;

function createInventory(name: string, payloads: SealedRows): Inventory {
  const pageAfter = async (after: SecretId | undefined): Promise<InventoryPage> => {
    const owners = await payloads.list(name, after, ROWS_PER_PAGE);
    const objects = owners.map((owner) => ({ ...owner, ref: storeRef(owner.secretId) }));
    const last = owners.length < ROWS_PER_PAGE ? undefined : owners.at(-1)?.secretId;
    return { objects, ...(last === undefined ? {} : { next: () => pageAfter(last) }) };
  };
  return {
    list: () => pageAfter(undefined),
    destroy: async ({ secretId, ref }) => {
      if (secretId !== undefined && ref === storeRef(secretId)) await payloads.remove(secretId, name);
    },
  };
}

const refOf = ({ id }: SecretHeader): StoreRef => storeRef(id);

function requireSame(payload: Payload, stored: Payload | undefined): void {
  const same = stored?.size === payload.size && timingSafeEqual(stored.bytes(), payload.bytes());
  stored?.wipe();
  if (!same) throw new Conflict('Secret already has data, cannot modify it.');
}
