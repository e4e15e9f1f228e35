import type { Question } from '../../src/policy/input.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { SecretTarget } from '../../src/model/target.ts';
import { timestamp } from '../../src/model/timestamp.ts';

export const BUNDLE = new URL('../../policies/bundle.tar.gz', import.meta.url).pathname;
export const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

/** 2026-05-16T09:30:00Z, a Saturday. */
export const NOW_MS = Date.UTC(2026, 4, 16, 9, 30);

export function principal(changes: Partial<Principal> = {}): Principal {
  return {
    kind: 'keystone',
    issuer: 'keystone-eu',
    user: { id: 'u-1', name: 'nova', domain: { id: 'default', name: 'Default' } },
    project: { id: 'p-1', name: 'shop', domain: { id: 'default', name: 'Default' }, tags: ['prod'] },
    domain: null,
    scope: 'project',
    roles: ['creator'],
    groups: ['g-1'],
    methods: ['password'],
    token: {
      issuedAt: '2026-05-16T09:00:00Z',
      expiresAt: '2026-05-16T10:00:00Z',
      ageSeconds: 1800,
      expired: false,
      cachedSeconds: 12,
      auditId: 'x9',
    },
    applicationCredential: { id: 'ac-3', name: 'ci', restricted: true, accessRules: true },
    trust: { id: 't-1', trustorUserId: 'u-8', trusteeUserId: 'u-9', impersonation: true },
    ...changes,
  };
}

export function secretTarget(changes: Partial<SecretTarget> = {}): SecretTarget {
  return {
    type: 'secret',
    secret: {
      id: secretId('7a5c1b9e-3f20-4d46-9a71-0c2f8e6b5d14'),
      projectId: projectId('p-1'),
      creatorId: 'u-1',
      secretType: 'symmetric',
      algorithm: 'aes',
      bitLength: 256,
      mode: 'xts',
      name: 'luks',
      expiresAt: timestamp('2026-05-16T09:31:00.000000'),
      createdAt: timestamp('2026-01-02T00:00:00.000001'),
      updatedAt: timestamp('2026-01-03T00:00:00.000002'),
      state: 'active',
      store: 'hsm-a',
      storeRef: 'ref-1',
      contentType: 'application/octet-stream',
      payloadSize: 32,
      version: 3,
    },
    acl: { defined: true, granted: false, projectAccess: false, users: 1 },
    consumers: { count: 2, services: ['nova'], mine: 1 },
    metadata: { env: 'prod' },
    containers: 1,
    ...changes,
  };
}

export function question(changes: Partial<Question> = {}): Question {
  return {
    action: 'secret:decrypt',
    identity: { principal: principal(), service: null },
    target: secretTarget(),
    request: {
      id: 'req-1',
      method: 'GET',
      path: '/v1/secrets/7a5c1b9e-3f20-4d46-9a71-0c2f8e6b5d14/payload',
      route: '/v1/secrets/:id/payload',
      microversion: '1.1',
      sourceIp: '192.0.2.7',
      userAgent: 'python-barbicanclient',
    },
    environment: {
      stores: {
        'hsm-a': { kind: 'pkcs11', classes: ['fips'], acceptsNew: true, healthy: true, default: false },
        software: { kind: 'simple_crypto', classes: [], acceptsNew: true, healthy: true, default: true },
      },
      preferredStore: 'hsm-a',
      mode: 'legacy',
    },
    nowMs: NOW_MS,
    ...changes,
  };
}
