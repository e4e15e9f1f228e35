import type { Secret } from './secret.ts';
import type { Timestamp } from './timestamp.ts';

/** What the policy may know of an access control list: facts about it, never its members. */
export interface AclFacts {
  readonly defined: boolean;
  /** The caller is on the read list. */
  readonly granted: boolean;
  readonly projectAccess: boolean;
  readonly users: number;
}

export interface ConsumerFacts {
  readonly count: number;
  readonly services: readonly string[];
  /** How many of them the caller's project registered. */
  readonly mine: number;
}

/** A loaded secret: its record and the facts a policy may ask about. Never its payload. */
export interface SecretTarget {
  readonly type: 'secret';
  readonly secret: Secret;
  readonly acl: AclFacts;
  readonly consumers: ConsumerFacts;
  /** User metadata; null when over the limit a policy input may carry. */
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly containers: number;
}

/** The secret a create request describes, as far as the body could be read. */
export interface NewSecretTarget {
  readonly type: 'new-secret';
  readonly attributes: NewSecretAttributes | null;
}

export interface NewSecretAttributes {
  readonly name: string | null;
  readonly secretType: string;
  readonly algorithm: string | null;
  readonly bitLength: number | null;
  readonly mode: string | null;
  readonly expiresAt: Timestamp | null;
  readonly payloadContentType: string | null;
  readonly payloadSize: number | null;
}

/** A collection to be listed; `query` holds the allow-listed parameters as sent. */
export interface CollectionTarget {
  readonly type: 'collection';
  readonly query: Readonly<Record<string, string>>;
}

export type Target = SecretTarget | NewSecretTarget | CollectionTarget | { readonly type: 'none' };
