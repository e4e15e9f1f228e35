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

export const objectNameOf = ({ namespace, store }: Naming, { id }: SecretHeader, origin: Origin): string =>
  `${namespace}:${store}:${id}${origin === 'made' ? MADE : ''}`;

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
export const refOf = ({ id }: SecretHeader, { uid, origin }: Place): StoreRef =>
  storeRef(`${origin}:${id}:${uid}`);

/** Undefined for the ref of another secret, and for what is no ref of ours. */
export function placeOf({ id }: SecretHeader, ref: StoreRef): Place | undefined {
  for (const origin of ['put', 'made'] as const) {
    const start = `${origin}:${id}:`;
    if (ref.startsWith(start) && ref.length > start.length) return { origin, uid: ref.slice(start.length) };
  }
  return undefined;
}
