import type { Secret, SecretState } from '../model/secret.ts';
import type { NewSecretAttributes, SecretTarget } from '../model/target.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { toMillis } from '../model/timestamp.ts';
import type { EnvironmentFacts, Question } from './input.ts';

const MILLISECONDS_PER_SECOND = 1000;
/** User metadata beyond this belongs in the database: a rule sees that it is there, not what it says. */
const MAX_METADATA_KEYS = 64;
const MAX_METADATA_BYTES = 8192;

/** What every target has; a kind of target replaces what it knows. */
const NOTHING = {
  id: null,
  project_id: null,
  creator_id: null,
  acl: null,
  attributes: null,
  metadata: {},
  metadata_truncated: false,
  store: null,
  consumers: { count: 0, services: [], mine: 0 },
  consumer: null,
  containers: 0,
  parent: null,
  query: {},
} as const;

export function targetInput({ target, identity, environment, nowMs }: Question): unknown {
  switch (target.type) {
    case 'secret':
      return secretInput(target, environment, nowMs);
    case 'new-secret':
      return {
        ...NOTHING,
        type: 'secret',
        project_id: identity.principal.project?.id ?? null,
        attributes: target.attributes === null ? null : newAttributes(target.attributes, nowMs),
      };
    case 'collection':
      return { ...NOTHING, type: 'collection', query: target.query };
    case 'none':
      return null;
  }
}

function secretInput(target: SecretTarget, environment: EnvironmentFacts, nowMs: number): unknown {
  const { secret, acl, consumers } = target;
  const metadata = withinLimits(target.metadata) ? target.metadata : null;
  return {
    type: 'secret',
    id: secret.id,
    project_id: secret.projectId,
    creator_id: secret.creatorId,
    acl: {
      defined: acl.defined,
      read: { granted: acl.granted, project_access: acl.projectAccess, users: acl.users },
    },
    attributes: attributesOf(secret, nowMs),
    metadata,
    metadata_truncated: metadata === null,
    store: storeInput(secret.store, environment),
    consumers: { count: consumers.count, services: consumers.services, mine: consumers.mine },
    consumer: null,
    containers: target.containers,
    parent: null,
    query: NOTHING.query,
  };
}

function attributesOf(secret: Secret, nowMs: number): unknown {
  return {
    name: secret.name,
    secret_type: secret.secretType,
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    status: STATUS[secret.state],
    created_at: rfc3339(secret.createdAt),
    updated_at: rfc3339(secret.updatedAt),
    expires_at: secret.expiresAt === null ? null : rfc3339(secret.expiresAt),
    expires_in_s: secondsUntil(secret.expiresAt, nowMs),
    has_payload: secret.contentType !== null,
    payload_content_type: secret.contentType,
    payload_size: secret.payloadSize,
    order_id: null,
  };
}

function newAttributes(attributes: NewSecretAttributes, nowMs: number): unknown {
  return {
    name: attributes.name,
    secret_type: attributes.secretType,
    algorithm: attributes.algorithm,
    bit_length: attributes.bitLength,
    mode: attributes.mode,
    status: null,
    created_at: null,
    updated_at: null,
    expires_at: attributes.expiresAt === null ? null : rfc3339(attributes.expiresAt),
    expires_in_s: secondsUntil(attributes.expiresAt, nowMs),
    has_payload: attributes.payloadSize !== null,
    payload_content_type: attributes.payloadContentType,
    payload_size: attributes.payloadSize,
    order_id: null,
  };
}

/** The word the API shows; a secret whose payload is on its way is as active as one without. */
const STATUS: Readonly<Record<SecretState, string>> = {
  pending: 'PENDING',
  active: 'ACTIVE',
  filling: 'ACTIVE',
  destroying: 'DESTROYING',
};

function storeInput(name: string | null, { stores }: EnvironmentFacts): unknown {
  if (name === null) return null;
  const store = Object.hasOwn(stores, name) ? stores[name] : undefined;
  return { name, kind: store?.kind ?? null, classes: store?.classes ?? [] };
}

const rfc3339 = (timestamp: Timestamp): string => `${timestamp}Z`;

function secondsUntil(timestamp: Timestamp | null, nowMs: number): number | null {
  return timestamp === null ? null : Math.floor((toMillis(timestamp) - nowMs) / MILLISECONDS_PER_SECOND);
}

function withinLimits(metadata: Readonly<Record<string, string>> | null): boolean {
  if (metadata === null) return false;
  const keys = Object.keys(metadata);
  if (keys.length > MAX_METADATA_KEYS) return false;
  let bytes = 0;
  for (const key of keys) bytes += Buffer.byteLength(key) + Buffer.byteLength(metadata[key] ?? '');
  return bytes <= MAX_METADATA_BYTES;
}
