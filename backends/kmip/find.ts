import { IntegrityError, StoreRejected } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { readGet, readGetAttributes, readLocate } from '../../src/ttlv/answers.ts';
import { objectName } from '../../src/ttlv/attributes.ts';
import type { KeyFormatType } from '../../src/ttlv/key-enums.ts';
import type { ManagedObject } from '../../src/ttlv/objects.ts';
import { getAttributesRequest, getRequest, locateRequest } from '../../src/ttlv/requests.ts';
import { TAG, type TagName } from '../../src/ttlv/tags.ts';
import { all, need, optional, type Structure } from '../../src/ttlv/ttlv.ts';
import { contentsOf } from './contents.ts';
import type { Link } from './links.ts';
import { isNameOf, objectNameOf, originsOf, type Naming, type Origin, type Place } from './names.ts';
import { does } from './profile.ts';
import { isGone } from './refusal.ts';

/** Crashes leave one or two of a name. */
const MAX_LOCATED = 50;
/** A full one is emptied: what is forgotten is asked again. */
const MAX_KNOWN = 10_000;

/** Everything there is of a secret, the one that counts first. */
export async function locateAll(link: Link, naming: Naming, secret: SecretHeader): Promise<readonly Place[]> {
  for (const origin of originsOf(secret)) {
    const uids = await locateOrigin(link, naming, secret, origin);
    if (uids.length > 0)
      return inSeniority(
        link,
        uids.map((uid) => ({ uid, origin })),
      );
  }
  return [];
}

/** By what the objects are called, unordered. */
export async function locateOrigin(
  link: Link,
  naming: Naming,
  secret: SecretHeader,
  origin: Origin,
): Promise<readonly string[]> {
  const attributes = [objectName(objectNameOf(naming, secret, origin))];
  const request = locateRequest(link.profile.version, { attributes, maximumItems: MAX_LOCATED });
  const { ids } = await link.ask(request, readLocate);
  const ours = [];
  // A server may pass over a filter that it does not know, and then everything matches.
  for (const uid of ids) if ((await whose(link, secret, { uid, origin })) === 'ours') ours.push(uid);
  return ours;
}

export type Belonging = 'ours' | 'foreign' | 'gone';

/** Whether the object at a place bears the secret's name. Asked once on each connection. */
export async function whose(link: Link, secret: SecretHeader, { uid, origin }: Place): Promise<Belonging> {
  if (link.known.get(uid) === secret.id || !does(link.profile, 'Get Attributes')) return 'ours';
  const attributes = await attributesOf(link, uid, ['Name']);
  if (attributes === undefined) return 'gone';
  if (!namesIn(attributes).some((name) => isNameOf(name, secret, origin))) return 'foreign';
  remember(link, secret, uid);
  return 'ours';
}

export const namesIn = (attributes: Structure): readonly string[] =>
  all(attributes, TAG.Name).map((name) => need(name, TAG['Name Value'], 'textString').value);

/** That an object is this secret's. */
export function remember({ known }: Link, { id }: SecretHeader, uid: string): void {
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(uid, id);
}

/** Undefined: the server said that there is no such object. */
export async function attributesOf(
  link: Link,
  uid: string,
  names: readonly TagName[],
): Promise<Structure | undefined> {
  try {
    const request = getAttributesRequest(link.profile.version, uid, names);
    return await link.ask(request, (payload) => readGetAttributes(payload).attributes);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * Of several objects with one name the oldest counts, since it is the one that may have been acknowledged. Dates are whole
 * seconds, hence the identifiers: where they are counted up, the lower is the older.
 */
async function inSeniority(link: Link, places: readonly Place[]): Promise<readonly Place[]> {
  if (places.length < 2) return places;
  const dated = [];
  for (const place of places) dated.push({ place, date: await initialDate(link, place) });
  dated.sort((a, b) => order(a.date, b.date) || byCount(a.place.uid, b.place.uid));
  return dated.map(({ place }) => place);
}

async function initialDate(link: Link, { uid }: Place): Promise<bigint> {
  const attributes = await attributesOf(link, uid, ['Initial Date']);
  return attributes === undefined ? 0n : (optional(attributes, TAG['Initial Date'], 'dateTime')?.value ?? 0n);
}

const order = <T extends bigint | number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
const byCount = (a: string, b: string): number => order(a.length, b.length) || order(a, b);

/** The payload at a place; undefined: the server said that there is none. Another secret's is `IntegrityError`. */
export async function fetchPayload(
  link: Link,
  secret: SecretHeader,
  place: Place,
): Promise<Payload | undefined> {
  const belonging = await whose(link, secret, place);
  if (belonging === 'gone') return undefined;
  if (belonging === 'foreign') {
    const detail = `${link.place}: object ${place.uid}, where secret ${secret.id} was, is now another's`;
    throw new IntegrityError('', { detail });
  }
  try {
    return await getObject(link, secret, place);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** In the format that the server has; one that is no bytes is asked for again, as bytes. */
async function getObject(link: Link, secret: SecretHeader, place: Place): Promise<Payload> {
  const taken = await get(link, secret, place, undefined);
  return taken instanceof Payload ? taken : ((await get(link, secret, place, taken)) as Payload);
}

async function get(
  link: Link,
  secret: SecretHeader,
  { uid, origin }: Place,
  format: KeyFormatType | undefined,
): Promise<Payload | KeyFormatType> {
  return link.ask(getRequest(uid, format === undefined ? {} : { format }), (payload) => {
    const { id, object } = readGet(payload);
    if (id !== uid) throw new StoreRejected(`${link.place} gave object ${id} for ${uid}`);
    const wanted = format === undefined ? bytesFormat(object) : undefined;
    return wanted ?? Payload.own(contentsOf(object, secret, origin, link.place));
  });
}

/** What to ask for in place of a transparent key; undefined where there is nothing to convert. */
function bytesFormat(object: ManagedObject): KeyFormatType | undefined {
  if (object.type !== 'Private Key' && object.type !== 'Public Key') return undefined;
  if (!object.block.format.startsWith('Transparent')) return undefined;
  return object.type === 'Private Key' ? 'PKCS#8' : 'X.509';
}
