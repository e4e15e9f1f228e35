import type { Container } from './container.ts';
import type { Order } from './order.ts';
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

export interface ContainerTarget {
  readonly type: 'container';
  readonly container: Container;
  readonly acl: AclFacts;
  readonly consumers: ConsumerFacts;
  readonly members: number;
}

/** The container a create request describes; null if its body could not be read. */
export interface NewContainerTarget {
  readonly type: 'new-container';
  readonly attributes: {
    readonly name: string | null;
    readonly containerType: string;
    readonly members: number;
  } | null;
}

/** One consumer of a secret or of a container. */
export interface ConsumerTarget {
  readonly type: 'consumer';
  readonly id: string;
  readonly parent: SecretTarget | ContainerTarget;
  readonly consumer: ConsumerIdentity;
}

export interface ConsumerIdentity {
  /** Null for a container's consumer, which has a name and a URL instead. */
  readonly service: string | null;
  readonly resourceType: string | null;
  /** The project that registered it. */
  readonly projectId: string;
}

export interface OrderTarget {
  readonly type: 'order';
  readonly order: Order;
}

/** The order a create request describes; null if its body could not be read. */
export interface NewOrderTarget {
  readonly type: 'new-order';
  readonly attributes: {
    readonly orderType: string;
    readonly meta: Readonly<Record<string, unknown>>;
  } | null;
}

export const QUOTA_RESOURCES = ['secrets', 'orders', 'containers', 'consumers', 'cas'] as const;
export type QuotaResource = (typeof QUOTA_RESOURCES)[number];

/** The quotas of the project in the path; `asked` holds the numbers of a change. */
export interface QuotaTarget {
  readonly type: 'quota';
  readonly projectId: string;
  readonly asked: Readonly<Partial<Record<QuotaResource, number>>> | null;
}

/** The store of the project in the path; `asked` is the one a change names. */
export interface ProjectStoreTarget {
  readonly type: 'project_store';
  readonly projectId: string;
  readonly asked: string | null;
}

/** What has an id and no owner. */
export interface SharedTarget {
  readonly type: 'secret_store' | 'transport_key';
  /** Null for one about to be created. */
  readonly id: string | null;
  /** Of a store: its name, where it is known which one it is. */
  readonly store?: string;
}

/** A collection to be listed; `query` holds the allow-listed parameters as sent. */
export interface CollectionTarget {
  readonly type: 'collection';
  readonly query: Readonly<Record<string, string>>;
}

export type Target =
  | SecretTarget
  | NewSecretTarget
  | ContainerTarget
  | NewContainerTarget
  | ConsumerTarget
  | OrderTarget
  | NewOrderTarget
  | QuotaTarget
  | ProjectStoreTarget
  | SharedTarget
  | CollectionTarget
  | { readonly type: 'none' };
