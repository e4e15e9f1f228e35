import { StoreRejected } from '../../src/errors.ts';
import type { Inventory, InventoryPage, StoredObject } from '../../src/stores/inventory.ts';
import { storeRef } from '../../src/stores/secret-store.ts';
import { readLocate } from '../../src/ttlv/answers.ts';
import { STATE } from '../../src/ttlv/enums.ts';
import { locateRequest } from '../../src/ttlv/requests.ts';
import { nameOf } from '../../src/ttlv/table.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { optional, type Structure } from '../../src/ttlv/ttlv.ts';
import { isAtLeast } from '../../src/ttlv/versions.ts';
import type { KmipClient } from './client.ts';
import { destroyObject } from './destroy.ts';
import { attributesOf, namesIn } from './find.ts';
import type { Link } from './links.ts';
import { ownerIn, refOf, type Naming, type Owner } from './names.ts';

/** An identifier of 36 characters takes 48 bytes: well within the smallest `max_message`. */
const LOCATED_PER_PAGE = 300;
/** Each costs a request, and a page has the deadline of one operation. */
const NAMED_PER_PAGE = 50;
/** A start tries what the server makes within seconds: what is older than this, even by another clock, nobody waits for. */
const TRIAL_MS = 3_600_000;

export interface InventoryDeps {
  readonly client: KmipClient;
  readonly naming: Naming;
  /** Milliseconds since 1970. */
  readonly clockMs: () => number;
}

/**
 * Servers find by whole names only: all that our certificate may see is located and asked for its name. Keys that a killed
 * start made to try the server are listed once they are old, as objects of no secret.
 */
export function createInventory(deps: InventoryDeps): Inventory {
  const { client, naming } = deps;
  const locatedAfter = (offset: number, before: string | undefined): Promise<InventoryPage> =>
    client.run(async (link) => {
      const { uids, isLast } = await locate(link, offset, before);
      const after = isLast ? undefined : () => locatedAfter(offset + uids.length, uids[0]);
      return namedLater(uids, after);
    });
  const namedLater = (uids: readonly string[], after: InventoryPage['next']): InventoryPage => ({
    objects: [],
    ...(uids.length > 0 ? { next: () => named(uids, after) } : after === undefined ? {} : { next: after }),
  });
  const named = async (uids: readonly string[], after: InventoryPage['next']): Promise<InventoryPage> => {
    const objects = await client.run((link) => objectsAt(link, deps, uids.slice(0, NAMED_PER_PAGE)));
    return { ...namedLater(uids.slice(NAMED_PER_PAGE), after), objects };
  };
  return {
    list: () => locatedAfter(0, undefined),
    destroy: ({ secretId, ref }) =>
      client.run(async (link) => {
        const uid = ref.slice(ref.lastIndexOf(':') + 1);
        const attributes = await attributesOf(link, uid, ['Name']);
        const owner = attributes && ownerOf(naming, attributes);
        if (owner !== undefined && owner.id === secretId) await destroyObject(link, uid);
      }),
  };
}

interface Uids {
  readonly uids: readonly string[];
  readonly isLast: boolean;
}

/** Before 1.3 there are no offsets, and everything has to come in one answer. `before`: what the last page began with. */
async function locate(link: Link, offset: number, before: string | undefined): Promise<Uids> {
  const { version } = link.profile;
  const page = isAtLeast(version, '1.3') ? { maximumItems: LOCATED_PER_PAGE, offset } : {};
  const { ids } = await link.ask(locateRequest(version, { attributes: [], ...page }), readLocate);
  if (ids.length > 0 && ids[0] === before) {
    throw new StoreRejected(
      `${link.place} does not list more than ${LOCATED_PER_PAGE} objects: it knows no offset`,
    );
  }
  // More than was asked for: a server that passes over the limit gives all there is.
  return { uids: ids, isLast: ids.length !== LOCATED_PER_PAGE };
}

async function objectsAt(
  link: Link,
  deps: InventoryDeps,
  uids: readonly string[],
): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  for (const uid of uids) {
    const attributes = await attributesOf(link, uid, ['Name', 'State', 'Initial Date']);
    const object = attributes && objectAt(deps, uid, attributes);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

function objectAt(
  { naming, clockMs }: InventoryDeps,
  uid: string,
  attributes: Structure,
): StoredObject | undefined {
  const owner = ownerOf(naming, attributes);
  if (owner === undefined || isDestroyed(attributes)) return undefined;
  if (owner.id !== undefined)
    return { secretId: owner.id, projectId: undefined, ref: refOf({ id: owner.id }, { ...owner, uid }) };
  const date = optional(attributes, TAG['Initial Date'], 'dateTime')?.value;
  if (date === undefined || clockMs() - Number(date) * 1_000 < TRIAL_MS) return undefined;
  return { secretId: undefined, projectId: undefined, ref: storeRef(`trial:${uid}`) };
}

const ownerOf = (naming: Naming, attributes: Structure): Owner | undefined =>
  namesIn(attributes)
    .map((name) => ownerIn(naming, name))
    .find((owner) => owner !== undefined);

/** Some servers go on telling of objects that they have destroyed. */
function isDestroyed(attributes: Structure): boolean {
  const code = optional(attributes, TAG.State, 'enumeration')?.value;
  const state = code === undefined ? undefined : nameOf(STATE, code);
  return state === 'Destroyed' || state === 'Destroyed Compromised';
}
