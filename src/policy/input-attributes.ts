import type { Order } from '../model/order.ts';
import type { Secret, SecretState } from '../model/secret.ts';
import {
  QUOTA_RESOURCES,
  type ContainerTarget,
  type NewContainerTarget,
  type NewOrderTarget,
  type NewSecretAttributes,
  type QuotaTarget,
} from '../model/target.ts';
import { toMillis, type Timestamp } from '../model/timestamp.ts';

const MILLISECONDS_PER_SECOND = 1000;

/** What the rules may ask of a secret: the same fields of one that exists and of one about to be made. */
export function secretAttributes(secret: Secret, nowMs: number): unknown {
  return {
    ...described(secret, nowMs),
    status: STATUS[secret.state],
    created_at: rfc3339(secret.createdAt),
    updated_at: rfc3339(secret.updatedAt),
    has_payload: secret.contentType !== null,
    payload_content_type: secret.contentType,
    payload_size: secret.payloadSize,
    order_id: null,
  };
}

export function newSecretAttributes(attributes: NewSecretAttributes, nowMs: number): unknown {
  return {
    ...described(attributes, nowMs),
    status: null,
    created_at: null,
    updated_at: null,
    has_payload: attributes.payloadSize !== null,
    payload_content_type: attributes.payloadContentType,
    payload_size: attributes.payloadSize,
    order_id: null,
  };
}

type Described = Pick<
  Secret | NewSecretAttributes,
  'name' | 'secretType' | 'algorithm' | 'bitLength' | 'mode' | 'expiresAt'
>;

function described(secret: Described, nowMs: number): Readonly<Record<string, unknown>> {
  return {
    name: secret.name,
    secret_type: secret.secretType,
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    expires_at: secret.expiresAt === null ? null : rfc3339(secret.expiresAt),
    expires_in_s: secondsUntil(secret.expiresAt, nowMs),
  };
}

/** The word the API shows; a secret whose payload is on its way is as active as one without. */
const STATUS: Readonly<Record<SecretState, string>> = {
  pending: 'PENDING',
  active: 'ACTIVE',
  filling: 'ACTIVE',
  destroying: 'DESTROYING',
};

const rfc3339 = (timestamp: Timestamp): string => `${timestamp}Z`;

function secondsUntil(timestamp: Timestamp | null, nowMs: number): number | null {
  return timestamp === null ? null : Math.floor((toMillis(timestamp) - nowMs) / MILLISECONDS_PER_SECOND);
}

export function containerAttributes({ container, members }: ContainerTarget): unknown {
  return { name: container.name, type: container.type, secret_ref_count: members };
}

export function newContainerAttributes({ attributes }: NewContainerTarget): unknown {
  if (attributes === null) return null;
  return {
    name: attributes.name,
    type: attributes.containerType,
    secret_ref_count: attributes.members,
  };
}

export function orderAttributes({ type, status, meta }: Order): unknown {
  return { type, status, meta: metaAttributes(meta) };
}

export function newOrderAttributes({ attributes }: NewOrderTarget): unknown {
  if (attributes === null) return null;
  return { type: attributes.orderType, status: null, meta: metaAttributes(attributes.meta) };
}

/** Named one by one: a client may put anything into `meta`, a passphrase among it. */
function metaAttributes(meta: Readonly<Record<string, unknown>>): unknown {
  return {
    name: text(meta['name']),
    algorithm: text(meta['algorithm']),
    bit_length: typeof meta['bit_length'] === 'number' ? meta['bit_length'] : null,
    mode: text(meta['mode']),
    expiration: text(meta['expiration']),
    payload_content_type: text(meta['payload_content_type']),
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The numbers asked for; what a change does not name stays as it is and is null here. */
export function quotaAttributes({ asked }: QuotaTarget): unknown {
  return asked && Object.fromEntries(QUOTA_RESOURCES.map((resource) => [resource, asked[resource] ?? null]));
}
