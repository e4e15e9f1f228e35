import type { TokenDocument } from './fake-keystone.ts';

export const HOUR_MS = 3600 * 1000;

interface Life {
  readonly nowMs: number;
  /** Negative: already over. */
  readonly leftMs?: number;
}

/** The parts that every token of Keystone's has, whatever its scope. */
export function tokenDocument(
  { nowMs, leftMs = HOUR_MS }: Life,
  parts: Record<string, unknown> = {},
): TokenDocument {
  return {
    methods: ['password'],
    user: {
      domain: { id: 'default', name: 'Default' },
      id: 'u-1',
      name: 'writer',
      password_expires_at: null,
    },
    audit_ids: ['audit-1'],
    expires_at: micros(nowMs + leftMs),
    issued_at: micros(nowMs + leftMs - HOUR_MS),
    ...parts,
  };
}

export function projectToken(life: Life, parts: Record<string, unknown> = {}): TokenDocument {
  return tokenDocument(life, {
    project: { domain: { id: 'default', name: 'Default' }, id: 'P', name: 'shop' },
    is_domain: false,
    roles: roles('member', 'reader'),
    ...parts,
  });
}

export function serviceToken(life: Life, parts: Record<string, unknown> = {}): TokenDocument {
  return projectToken(life, {
    user: { domain: { id: 'default', name: 'Default' }, id: 'u-nova', name: 'nova' },
    project: { domain: { id: 'default', name: 'Default' }, id: 'p-service', name: 'service' },
    roles: roles('service'),
    ...parts,
  });
}

/** Of an application credential; without `rules` it is not restricted by any. */
export function credentialToken(
  life: Life,
  rules?: readonly (readonly [method: string, path: string])[],
): TokenDocument {
  const access = rules?.map(([method, path], index) => ({
    id: `r-${index}`,
    service: 'key-manager',
    method,
    path,
  }));
  const credential = {
    id: 'ac-1',
    name: 'ci',
    restricted: true,
    ...(access ? { access_rules: access } : {}),
  };
  return projectToken(life, { methods: ['application_credential'], application_credential: credential });
}

export function roles(...names: readonly string[]): readonly object[] {
  return names.map((name) => ({ id: `id-of-${name}`, name }));
}

function micros(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
