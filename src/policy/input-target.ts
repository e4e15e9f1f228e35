import type {
  AclFacts,
  ConsumerFacts,
  ContainerTarget,
  NewContainerTarget,
  NewOrderTarget,
  NewSecretTarget,
  SecretTarget,
  Target,
} from '../model/target.ts';
import type { EnvironmentFacts, Question } from './input.ts';
import {
  containerAttributes,
  newContainerAttributes,
  newOrderAttributes,
  newSecretAttributes,
  orderAttributes,
  quotaAttributes,
  secretAttributes,
} from './input-attributes.ts';

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

export function targetInput(question: Question): unknown {
  const { target, identity, nowMs } = question;
  switch (target.type) {
    case 'secret':
      return secretInput(target, question);
    case 'container':
      return containerInput(target);
    case 'order': {
      const { id, projectId, creatorId } = target.order;
      const attributes = orderAttributes(target.order);
      return { ...NOTHING, type: 'order', id, project_id: projectId, creator_id: creatorId, attributes };
    }
    case 'consumer':
      return {
        ...NOTHING,
        type: 'consumer',
        id: target.id,
        acl: aclInput(target.parent.acl),
        consumer: {
          service: target.consumer.service,
          resource_type: target.consumer.resourceType,
          project_id: target.consumer.projectId,
        },
        parent: parentInput(target.parent),
      };
    case 'new-secret':
    case 'new-container':
    case 'new-order':
      return { ...NOTHING, project_id: identity.principal.project?.id ?? null, ...newInput(target, nowMs) };
    default:
      return ownerlessInput(target, question.environment);
  }
}

/** What is about to be created will belong to the caller's project. */
function newInput(target: NewSecretTarget | NewContainerTarget | NewOrderTarget, nowMs: number): object {
  switch (target.type) {
    case 'new-secret':
      return {
        type: 'secret',
        attributes: target.attributes && newSecretAttributes(target.attributes, nowMs),
      };
    case 'new-container':
      return { type: 'container', attributes: newContainerAttributes(target) };
    case 'new-order':
      return { type: 'order', attributes: newOrderAttributes(target) };
  }
}

/** Lists, and what belongs to no project. */
function ownerlessInput(target: Target, environment: EnvironmentFacts): unknown {
  switch (target.type) {
    case 'quota':
      return { ...NOTHING, type: 'quota', project_id: target.projectId, attributes: quotaAttributes(target) };
    case 'project_store': {
      const attributes = target.asked === null ? null : { store: target.asked };
      return { ...NOTHING, type: 'project_store', project_id: target.projectId, attributes };
    }
    case 'collection':
      return { ...NOTHING, type: 'collection', query: target.query };
    case 'secret_store':
    case 'transport_key':
      return {
        ...NOTHING,
        type: target.type,
        id: target.id,
        store: storeInput(target.store ?? null, environment),
      };
    default:
      return null;
  }
}

function secretInput(target: SecretTarget, { environment, nowMs }: Question): unknown {
  const { secret } = target;
  const metadata = withinLimits(target.metadata) ? target.metadata : null;
  return {
    type: 'secret',
    id: secret.id,
    project_id: secret.projectId,
    creator_id: secret.creatorId,
    acl: aclInput(target.acl),
    attributes: secretAttributes(secret, nowMs),
    metadata,
    metadata_truncated: metadata === null,
    store: storeInput(secret.store, environment),
    consumers: consumersInput(target.consumers),
    consumer: null,
    containers: target.containers,
    parent: null,
    query: NOTHING.query,
  };
}

function containerInput(target: ContainerTarget): unknown {
  return {
    ...NOTHING,
    type: 'container',
    id: target.container.id,
    ...ownedBy(target),
    acl: aclInput(target.acl),
    attributes: containerAttributes(target),
    consumers: consumersInput(target.consumers),
  };
}

function ownedBy(target: SecretTarget | ContainerTarget): Readonly<Record<string, string | null>> {
  const { projectId, creatorId } = target.type === 'secret' ? target.secret : target.container;
  return { project_id: projectId, creator_id: creatorId };
}

function parentInput(target: SecretTarget | ContainerTarget): unknown {
  const { id } = target.type === 'secret' ? target.secret : target.container;
  return { type: target.type, id, ...ownedBy(target) };
}

function aclInput({ defined, granted, projectAccess, users }: AclFacts): unknown {
  return { defined, read: { granted, project_access: projectAccess, users } };
}

function consumersInput({ count, services, mine }: ConsumerFacts): unknown {
  return { count, services, mine };
}

function storeInput(name: string | null, { stores }: EnvironmentFacts): unknown {
  if (name === null) return null;
  const store = Object.hasOwn(stores, name) ? stores[name] : undefined;
  return { name, kind: store?.kind ?? null, classes: store?.classes ?? [] };
}

function withinLimits(metadata: Readonly<Record<string, string>> | null): boolean {
  if (metadata === null) return false;
  const keys = Object.keys(metadata);
  if (keys.length > MAX_METADATA_KEYS) return false;
  let bytes = 0;
  for (const key of keys) bytes += Buffer.byteLength(key) + Buffer.byteLength(metadata[key] ?? '');
  return bytes <= MAX_METADATA_BYTES;
}
