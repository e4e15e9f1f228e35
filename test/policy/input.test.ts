import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { policyInput, type Question } from '../../src/policy/input.ts';
import { containerId, projectId } from '../../src/model/ids.ts';
import type { ConsumerTarget, ContainerTarget, SecretTarget, Target } from '../../src/model/target.ts';
import { timestamp } from '../../src/model/timestamp.ts';
import { NOW_MS, principal, question, secretTarget } from './samples.ts';

const CANARY = 'canary-8f1d';
const schemaPath = new URL('../../policies/schema/input.json', import.meta.url);
const schema = JSON.parse(readFileSync(schemaPath, 'utf8')) as object;
const matches = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

type Fields = Readonly<Record<string, unknown>>;
const targetOf = (changes: Partial<Question>): Fields => policyInput(question(changes))['target'] as Fields;

function containerTarget(changes: Partial<ContainerTarget> = {}): ContainerTarget {
  return {
    type: 'container',
    container: {
      id: containerId('2f1d7c60-55be-4c8f-8b3e-9d0a6f417e21'),
      projectId: projectId('p-1'),
      creatorId: 'u-1',
      name: 'tls',
      type: 'certificate',
      createdAt: timestamp('2026-01-02T00:00:00.000001'),
      updatedAt: timestamp('2026-01-03T00:00:00.000002'),
    },
    acl: { defined: true, granted: true, projectAccess: false, users: 2 },
    consumers: { count: 3, services: [], mine: 1 },
    members: 2,
    ...changes,
  };
}

function consumerOf(parent: SecretTarget | ContainerTarget, service: string | null): ConsumerTarget {
  const consumer = { service, resourceType: service && 'server', projectId: 'p-2' };
  return { type: 'consumer', id: 'c0a8f3d2-6b1e-4f7a-9c55-3e2d1b0a9f88', parent, consumer };
}

const targets: Readonly<Record<string, Target>> = {
  secret: secretTarget(),
  'a secret with nothing': secretTarget({
    secret: {
      ...secretTarget().secret,
      creatorId: null,
      name: null,
      expiresAt: null,
      store: null,
      contentType: null,
      payloadSize: null,
    },
    metadata: null,
  }),
  'a new secret': {
    type: 'new-secret',
    attributes: {
      name: null,
      secretType: 'opaque',
      algorithm: null,
      bitLength: null,
      mode: null,
      expiresAt: null,
      payloadContentType: 'text/plain',
      payloadSize: 7,
    },
  },
  'a body that did not parse': { type: 'new-secret', attributes: null },
  'a container': containerTarget(),
  'a container with nothing': containerTarget({
    container: { ...containerTarget().container, creatorId: null, name: null },
    acl: { defined: false, granted: false, projectAccess: true, users: 0 },
    consumers: { count: 0, services: [], mine: 0 },
    members: 0,
  }),
  'a new container': {
    type: 'new-container',
    attributes: { name: null, containerType: 'certificate', members: 2 },
  },
  'a body that was no container': { type: 'new-container', attributes: null },
  'a consumer of a container': consumerOf(containerTarget(), null),
  'a consumer of a secret': consumerOf(secretTarget(), 'nova'),
  "a project's store": { type: 'project_store', projectId: 'p-2', asked: null },
  'another store for a project': { type: 'project_store', projectId: 'p-2', asked: 'hsm' },
  'a store': { type: 'secret_store', id: 's-1', store: 'hsm-a' },
  'some store': { type: 'secret_store', id: null },
  collection: { type: 'collection', query: { acl_only: 'true' } },
  none: { type: 'none' },
};

describe('policyInput', () => {
  for (const [name, target] of Object.entries(targets)) {
    it(`is a document of the published schema: ${name}`, () => {
      matches(policyInput(question({ target })));
      expect(matches.errors).to.equal(null);
    });
  }

  it('is one for a caller with nothing, and for a service acting for another', () => {
    const bare = principal({
      kind: 'headers',
      project: null,
      domain: { id: 'd-1', name: null },
      scope: 'domain',
      token: null,
      applicationCredential: null,
      trust: null,
    });
    matches(policyInput(question({ identity: { principal: bare, service: principal() } })));
    expect(matches.errors).to.equal(null);
  });

  it('shows nothing that is not named, wherever it hides', () => {
    const tainted = taint(question({ identity: { principal: principal(), service: principal() } }));
    const text = JSON.stringify(policyInput(tainted));
    expect(text).to.not.contain(CANARY);
    expect(text).to.contain('keystone-eu');
  });

  it('says where the secret is, and to whom it belongs', () => {
    expect(targetOf({})).to.deep.include({
      type: 'secret',
      project_id: 'p-1',
      creator_id: 'u-1',
      acl: { defined: true, read: { granted: false, project_access: false, users: 1 } },
      store: { name: 'hsm-a', kind: 'pkcs11', classes: ['fips'] },
      metadata: { env: 'prod' },
      metadata_truncated: false,
    });
  });

  it('keeps the reference into the store to itself', () => {
    expect(JSON.stringify(policyInput(question()))).to.not.contain('ref-1');
  });

  it('gives times with their zone, and what is left of a life', () => {
    expect(targetOf({})['attributes']).to.deep.include({
      created_at: '2026-01-02T00:00:00.000001Z',
      expires_at: '2026-05-16T09:31:00.000000Z',
      expires_in_s: 60,
      status: 'ACTIVE',
    });
  });

  it('reads the clock once, in UTC', () => {
    expect(policyInput(question())['now']).to.deep.equal({
      rfc3339: '2026-05-16T09:30:00.000Z',
      unix_s: NOW_MS / 1000,
      weekday: 6,
      minute_of_day: 570,
    });
    const sunday = policyInput(question({ nowMs: Date.UTC(2026, 4, 17) }));
    expect(sunday['now']).to.deep.include({ weekday: 0, minute_of_day: 0 });
  });

  it('gives a new secret the project of its caller, and no creator', () => {
    const target = targetOf({ target: { type: 'new-secret', attributes: null } });
    expect(target).to.deep.include({ type: 'secret', id: null, project_id: 'p-1', creator_id: null });
    expect(target['attributes']).to.equal(null);
  });

  it('gives a new container the project of its caller, and counts its members', () => {
    const attributes = { name: 'tls', containerType: 'rsa', members: 3 };
    const target = targetOf({ target: { type: 'new-container', attributes } });
    expect(target).to.deep.include({ type: 'container', id: null, project_id: 'p-1', creator_id: null });
    expect(target['attributes']).to.deep.equal({ name: 'tls', type: 'rsa', secret_ref_count: 3 });
  });

  it('says whose a container is, who may read it and who uses it', () => {
    expect(targetOf({ target: containerTarget() })).to.deep.include({
      type: 'container',
      project_id: 'p-1',
      creator_id: 'u-1',
      acl: { defined: true, read: { granted: true, project_access: false, users: 2 } },
      attributes: { name: 'tls', type: 'certificate', secret_ref_count: 2 },
      consumers: { count: 3, services: [], mine: 1 },
      containers: 0,
    });
  });

  it('gives a consumer the list of what it hangs on, and its own project', () => {
    const target = targetOf({ target: consumerOf(containerTarget(), null) });
    expect(target).to.deep.include({
      type: 'consumer',
      project_id: null,
      acl: { defined: true, read: { granted: true, project_access: false, users: 2 } },
      consumer: { service: null, resource_type: null, project_id: 'p-2' },
    });
    expect(target['parent']).to.deep.equal({
      type: 'container',
      id: '2f1d7c60-55be-4c8f-8b3e-9d0a6f417e21',
      project_id: 'p-1',
      creator_id: 'u-1',
    });
  });

  it('says whose store it is, and which one it is to be', () => {
    const asked = (name: string | null) =>
      targetOf({ target: { type: 'project_store', projectId: 'p-2', asked: name } });
    expect(asked('hsm')).to.deep.include({
      type: 'project_store',
      id: null,
      project_id: 'p-2',
      attributes: { store: 'hsm' },
    });
    expect(asked(null)['attributes']).to.equal(null);
  });

  it('says which store is to be preferred', () => {
    const target = targetOf({ target: { type: 'secret_store', id: 's-1', store: 'hsm-a' } });
    expect(target).to.deep.include({
      type: 'secret_store',
      id: 's-1',
      store: { name: 'hsm-a', kind: 'pkcs11', classes: ['fips'] },
    });
    expect(targetOf({ target: { type: 'transport_key', id: 't-1' } })['store']).to.equal(null);
  });

  it('names a store that is gone without making up its kind', () => {
    const environment = { stores: {}, preferredStore: null };
    expect(targetOf({ environment })['store']).to.deep.equal({ name: 'hsm-a', kind: null, classes: [] });
  });

  describe('user metadata', () => {
    const metadataOf = (metadata: Readonly<Record<string, string>>): Fields =>
      targetOf({ target: secretTarget({ metadata }) });
    const keys = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${String(i).padStart(3, '0')}`, value]));

    it('is shown up to 64 keys and 8 KiB', () => {
      const full = keys(64, 'x'.repeat(8192 / 64 - 4));
      expect(metadataOf(full)).to.deep.include({ metadata: full, metadata_truncated: false });
    });

    it('is left out beyond, and the input says so', () => {
      const left = { metadata: null, metadata_truncated: true };
      expect(metadataOf(keys(65, 'x'))).to.deep.include(left);
      expect(metadataOf(keys(64, 'x'.repeat(8192 / 64 - 3)))).to.deep.include(left);
      expect(metadataOf({ k: 'é'.repeat(4096) })).to.deep.include(left);
    });
  });

  it('cuts a long user agent between characters', () => {
    const { request } = question();
    const agentOf = (userAgent: string) =>
      (policyInput(question({ request: { ...request, userAgent } }))['request'] as Fields)['user_agent'];
    expect(agentOf('a'.repeat(300))).to.equal('a'.repeat(256));
    expect(agentOf(`${'a'.repeat(255)}é`)).to.equal('a'.repeat(255));
    expect(agentOf(`${'a'.repeat(254)}é`)).to.equal(`${'a'.repeat(254)}é`);
  });
});

/** Adds a member nobody knows to every object, as a row with one column more would. */
function taint<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown): unknown => taint(item)) as T;
  const members = (Object.entries(value) as [string, unknown][]).map(([key, member]): [string, unknown] => [
    key,
    MAPS.has(key) ? taintMembers(member as object) : taint(member),
  ]);
  return Object.fromEntries([...members, ['payload', CANARY], ['password', CANARY]]) as T;
}

/** Members whose keys are names, not fields: one name more is meant to be seen. */
const MAPS: ReadonlySet<string> = new Set(['metadata', 'query', 'stores']);

function taintMembers(map: object): object {
  return Object.fromEntries(
    Object.entries(map).map(([key, member]: [string, unknown]) => [key, taint(member)]),
  );
}
