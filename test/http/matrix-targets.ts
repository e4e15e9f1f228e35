import { randomUUID } from 'node:crypto';
import type { Container, Member } from '../../src/model/container.ts';
import { containerId, projectId, secretId, type ContainerId, type SecretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { createEmptySecret, createSecret } from '../../src/operations/secrets/create-secret.ts';
import type { Acl } from '../../src/repositories/acls.ts';
import type { Persona, TestApp } from '../helpers/app.ts';
import type { MatrixRow } from '../helpers/matrix.ts';

/** What the rows of the matrix are asked of: each row gets a fresh target, made without asking the policy. */

export const PROJECTS: Readonly<Record<string, string>> = { P: 'project-p', Q: 'project-q' };
const P = projectId('project-p');
const QUOTA_PROJECT = 'project-with-quotas';

export const CONSUMER = { service: 'glance', resource_type: 'image', resource_id: 'i-1' };
export const CONTAINER_CONSUMER = { name: 'lb', URL: 'https://lb.test/1' };
export const MEMBER = 'm';
export const ORDER = { type: 'key', meta: { name: 'o', algorithm: 'aes', bit_length: 256 } };

/** The creator of all targets, with the roles that a mode asks of one. */
export const ownerOf = (mode: string): Persona => ({
  user: 'owner',
  project: P,
  roles: mode === 'legacy' ? ['creator'] : ['member', 'reader'],
});

const ACLS: Readonly<Record<string, Acl | undefined>> = {
  none: undefined,
  'n/a': undefined,
  shared: { projectAccess: true, users: ['acl'] },
  private: { projectAccess: false, users: [] },
  'private+user': { projectAccess: false, users: ['acl'] },
  'private+creator': { projectAccess: false, users: ['owner'] },
};

/** What takes the place of the names in a row's path, and whatever else its body refers to. */
export interface Place {
  readonly id?: string;
  readonly key?: string;
  readonly cid?: string;
  readonly pid?: string;
  /** A secret to put into a container, or to take out of it. */
  readonly member?: SecretId;
}

export function aclOf({ id, acl }: Pick<MatrixRow, 'id' | 'acl'>): Acl | undefined {
  if (!Object.hasOwn(ACLS, acl)) throw new Error(`${id}: no such list: ${acl}`);
  return ACLS[acl];
}

export interface SecretWish {
  readonly acl: Acl | undefined;
  readonly payload?: boolean;
  readonly project?: string;
}

/** A text with payload (or none) and user metadata `k`. */
export async function aSecret({ broker: { services } }: TestApp, wish: SecretWish): Promise<SecretId> {
  const time = now();
  const draft: Secret = {
    id: secretId(randomUUID()),
    projectId: projectId(wish.project ?? P),
    creatorId: 'owner',
    name: 'target',
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiresAt: null,
    createdAt: time,
    updatedAt: time,
    state: 'active',
    store: null,
    storeRef: null,
    contentType: null,
    payloadSize: null,
    version: 1,
  };
  if (wish.payload === false) await createEmptySecret(services, draft);
  else {
    const stored: Secret = { ...draft, store: 'software', contentType: 'text/plain', payloadSize: 4 };
    await createSecret(services, stored, services.stores.default, Payload.copy(Buffer.from('text')));
  }
  await services.secretMetadata.insert(draft.id, 'k', 'v');
  if (wish.acl !== undefined) await services.secretAcls.put(draft.id, wish.acl, time);
  return draft.id;
}

async function aContainer(
  { broker: { services } }: TestApp,
  acl: Acl | undefined,
  members: readonly Member[],
): Promise<ContainerId> {
  const time = now();
  const container: Container = {
    id: containerId(randomUUID()),
    projectId: P,
    creatorId: 'owner',
    name: 'target',
    type: 'generic',
    createdAt: time,
    updatedAt: time,
  };
  await services.containers.insert(container, members);
  if (acl !== undefined) await services.containerAcls.put(container.id, acl, time);
  return container.id;
}

type Prepare = (app: TestApp, row: MatrixRow) => Promise<Place>;

const hasPayload = ({ rule, variant }: MatrixRow): boolean =>
  variant !== 'secret has no payload' && (rule !== 'secret:put' || variant === 'payload already set');

const registrar = ({ variant }: MatrixRow): typeof P =>
  variant === 'consumer registered by project Q' ? projectId('project-q') : P;

const registers = ({ rule, variant }: MatrixRow): boolean =>
  variant !== 'no such consumer' &&
  (variant.includes('has consumers') || /^(secret_consumers:(get|delete)|consumer:get)$/.test(rule));

const secretPlace: Prepare = async (app, row) => {
  const id = await aSecret(app, { acl: aclOf(row), payload: hasPayload(row) });
  const place = { id, key: 'k' };
  if (!registers(row)) return place;
  const { secretConsumers } = app.broker.services;
  const { service, resource_type: resourceType, resource_id: resourceId } = CONSUMER;
  const consumer = { service, resourceType, resourceId };
  await secretConsumers.register(id, registrar(row), consumer, now());
  const found = await secretConsumers.find(id, consumer);
  return { ...place, cid: String(found?.id) };
};

const containerPlace: Prepare = async (app, row) => {
  const acl = aclOf(row);
  const held = row.rule.startsWith('container_secret:');
  const member = held ? await aSecret(app, { acl: undefined }) : undefined;
  const inside = member !== undefined && row.rule.endsWith(':delete');
  const id = await aContainer(app, acl, inside ? [{ name: MEMBER, secretId: member }] : []);
  const place = { id, ...(member && { member }) };
  if (!/^(container_consumers:(get|delete)|consumer:get)$/.test(row.rule)) return place;
  const elsewhere = row.variant === 'consumer of another container';
  const owner = elsewhere ? await aContainer(app, acl, []) : id;
  const { containerConsumers } = app.broker.services;
  const consumer = { name: CONTAINER_CONSUMER.name, url: CONTAINER_CONSUMER.URL };
  await containerConsumers.register(owner, registrar(row), consumer, now());
  const found = await containerConsumers.find(owner, consumer);
  const cid = row.variant === 'consumer id is not a UUID' ? 'not-a-uuid' : String(found?.id);
  return { ...place, cid };
};

/** What a container to be created refers to: a secret of project P, shared with the caller or private. */
const newContainerPlace: Prepare = async (app, { variant }) => {
  if (variant === '') return {};
  const acl = ACLS[variant.includes('shared with the caller') ? 'shared' : 'private'];
  return { member: await aSecret(app, { acl }) };
};

const storePlace: Prepare = async ({ broker: { services } }, row) => {
  const record = services.storeRecords.find(({ name }) => name === 'second');
  await services.projectStores.assign(projectId(String(PROJECTS[row.project])), 'second', now());
  return { id: String(record?.id) };
};

const transportKeyPlace: Prepare = async ({ broker: { services } }) => {
  const [id, time] = [randomUUID(), now()];
  await services.transportKeys.insert({
    id,
    pluginName: 'p',
    transportKey: 'k',
    createdAt: time,
    updatedAt: time,
  });
  return { id };
};

/** Over HTTP: how an order is kept until it is worked is nobody else's business. */
const orderPlace: Prepare = async (app, { mode }) => {
  const answer = await app.request('POST', '/v1/orders', { as: ownerOf(mode), body: ORDER });
  return { id: String(answer.json?.['order_ref']).split('/').at(-1) ?? '' };
};

const quotaPlace: Prepare = async ({ broker: { services } }) => {
  await services.quotas.merge(projectId(QUOTA_PROJECT), { secrets: 5 }, now());
  return { pid: QUOTA_PROJECT };
};

/** By the first segment of the path: of something in it, and of the collection. */
const PLACES: Readonly<Record<string, Prepare>> = {
  secrets: secretPlace,
  containers: containerPlace,
  'secret-stores': storePlace,
  transport_keys: transportKeyPlace,
  'project-quotas': quotaPlace,
  orders: orderPlace,
};

export async function placeOf(app: TestApp, row: MatrixRow): Promise<Place> {
  if (row.variant === 'id is not a UUID') return { id: 'not-a-uuid' };
  if (row.variant === 'unknown id') return { id: randomUUID() };
  if (row.rule === 'containers:post') return newContainerPlace(app, row);
  const [, , collection = ''] = row.path.split('/');
  const single = row.path.includes('{') || row.path.endsWith('/preferred');
  return single ? ((await PLACES[collection]?.(app, row)) ?? {}) : {};
}
