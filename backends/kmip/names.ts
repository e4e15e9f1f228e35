import { isCanonicalUuid4, secretId, type SecretId } from '../../src/model/ids.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type StoreRef } from '../../src/stores/secret-store.ts';

/**
 * How the bytes of an object came to be, and hence what `get` owes: those that were put, or a key in the broker's own form.
 * Only pairs made by the server differ, since the server made DER of them and the broker hands out PEM.
 */
export type Origin = 'put' | 'made';

/** What objects of ours are called, on servers that others may use as well. */
export interface Naming {
  readonly namespace: string;
  /** Of the store: two stores on one server, as when secrets move between them, must not share objects. */
  readonly store: string;
}

const MADE = ':made';
/** Of keys that are made to see whether the server makes them, and destroyed at once. */
const TRIAL = 'trial-';

export const objectNameOf = ({ namespace, store }: Naming, { id }: SecretHeader, origin: Origin): string =>
  `${namespace}:${store}:${id}${origin === 'made' ? MADE : ''}`;

export const trialNameOf = ({ namespace, store }: Naming, unique: string): string =>
  `${namespace}:${store}:${TRIAL}${unique}`;

/** Whose an object is. */
export interface Owner {
  /** Undefined: a trial, of no secret. */
  readonly id: SecretId | undefined;
  readonly origin: Origin;
}

/** Undefined for a name that is not of this namespace and store, or not of our making. */
export function ownerIn({ namespace, store }: Naming, name: string): Owner | undefined {
  const start = `${namespace}:${store}:`;
  if (!name.startsWith(start)) return undefined;
  const rest = name.slice(start.length);
  if (rest.startsWith(TRIAL)) return { id: undefined, origin: 'made' };
  const origin = rest.endsWith(MADE) ? 'made' : 'put';
  const id = origin === 'made' ? rest.slice(0, -MADE.length) : rest;
  return isCanonicalUuid4(id) ? { id: secretId(id), origin } : undefined;
}

/** Whether an object of this name is this secret's, in whatever namespace: an operator may have renamed that. */
export const isNameOf = (name: string, { id }: SecretHeader, origin: Origin): boolean =>
  name.endsWith(`:${id}${origin === 'made' ? MADE : ''}`);

/** What may be there of a secret, the likelier first. */
export const originsOf = ({ secretType }: SecretHeader): readonly Origin[] =>
  secretType === 'private' || secretType === 'public' ? ['put', 'made'] : ['put'];

/** Where an object is. */
export interface Place {
  readonly uid: string;
  readonly origin: Origin;
}

/** The secret's id is in it, so that a ref that strays to another secret leads nowhere. */
export const refOf = ({ id }: Pick<SecretHeader, 'id'>, { uid, origin }: Place): StoreRef =>
  storeRef(`${origin}:${id}:${uid}`);

/** Undefined for the ref of another secret, and for what is no ref of ours. */
export function placeOf({ id }: SecretHeader, ref: StoreRef): Place | undefined {
  for (const origin of ['put', 'made'] as const) {
    const start = `${origin}:${id}:`;
    if (ref.startsWith(start) && ref.length > start.length) return { origin, uid: ref.slice(start.length) };
  }
  return undefined;
}
