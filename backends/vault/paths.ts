import { createHash } from 'node:crypto';
import { projectId, type ProjectId } from '../../src/model/ids.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { storeRef, type StoreRef } from '../../src/stores/secret-store.ts';

/** What means the same in a URL, in a policy and in a list; Keystone's ids are of this kind. */
const PLAIN = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * An id as one segment of a path. Ids are whatever a client or an identity provider sent: slashes, dots and spaces would
 * lead elsewhere. The dot keeps these apart from all plain ones.
 */
const segment = (id: string): string =>
  PLAIN.test(id) ? id : `x.${createHash('sha256').update(id).digest('hex')}`;

const HASHED = /^x\.[0-9a-f]{64}$/;

/** Whether a folder below the prefix can be a project's: strangers' may be called anything. */
export const isProjectFolder = (folder: string): boolean => PLAIN.test(folder) || HASHED.test(folder);

/** The project whose segment this is; undefined for one that does not tell. */
export const projectOf = (folder: string): ProjectId | undefined =>
  PLAIN.test(folder) ? projectId(folder) : undefined;

const ownPart = ({ projectId, id }: SecretHeader): string => `/${segment(projectId)}/${segment(id)}`;

/** Where a secret's entry is, below the mount; derived from its ids alone, so that it can be found again. */
export const refOf = (prefix: string, secret: SecretHeader): StoreRef => storeRef(prefix + ownPart(secret));

/** Under any prefix: entries written before the prefix was changed stay readable. Never another secret's. */
export const isRefOf = (ref: StoreRef, secret: SecretHeader): boolean => {
  const own = ownPart(secret);
  return ref.endsWith(own) && PREFIX.test(ref.slice(0, -own.length));
};

const PREFIX = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;
