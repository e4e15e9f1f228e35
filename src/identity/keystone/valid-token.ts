import type { Principal } from '../../model/principal.ts';
import type { AccessRule, TokenBody } from './token-body.ts';
import { unavailable } from './unavailable.ts';

/** What Keystone confirmed, without the token's text: this is what the cache holds. */
export interface ValidToken {
  readonly holder: Omit<Principal, 'token'>;
  readonly issuedAt: string;
  readonly issuedAtMs: number;
  readonly expiresAt: string;
  readonly expiresAtMs: number;
  readonly auditId: string | null;
  /** Keystone was asked to accept it although expired: good only beside a service token. */
  readonly vouched: boolean;
  /** When we asked. */
  readonly validatedAtMs: number;
  readonly accessRules: readonly AccessRule[] | undefined;
}

export interface Validation {
  readonly issuer: string;
  readonly vouched: boolean;
  readonly validatedAtMs: number;
}

export function validToken(body: TokenBody, validation: Validation): ValidToken {
  return {
    holder: holderOf(body, validation.issuer),
    issuedAt: body.issued_at,
    issuedAtMs: momentOf(body.issued_at),
    expiresAt: body.expires_at,
    expiresAtMs: momentOf(body.expires_at),
    auditId: body.audit_ids[0] ?? null,
    vouched: validation.vouched,
    validatedAtMs: validation.validatedAtMs,
    accessRules: body.application_credential?.access_rules,
  };
}

/** For the log; the same words wherever the clock is looked at. */
export const EXPIRED = 'the token has expired';

/** The principal of one request: everything but the ages is shared with the cache. */
export function principalAt(token: ValidToken, nowMs: number): Principal {
  return {
    ...token.holder,
    token: {
      issuedAt: token.issuedAt,
      expiresAt: token.expiresAt,
      ageSeconds: secondsBetween(token.issuedAtMs, nowMs),
      expired: isExpired(token, nowMs),
      cachedSeconds: secondsBetween(token.validatedAtMs, nowMs),
      auditId: token.auditId,
    },
  };
}

export function isExpired(token: ValidToken, nowMs: number): boolean {
  return nowMs >= token.expiresAtMs;
}

/** Never negative, whatever two clocks say. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000));
}

function momentOf(text: string): number {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw unavailable('a validation was answered with a time that is none');
  return milliseconds;
}

function holderOf(body: TokenBody, issuer: string): ValidToken['holder'] {
  return {
    kind: 'keystone',
    issuer,
    user: ownedOf(body.user),
    project: body.project === undefined ? null : { ...ownedOf(body.project), tags: [] },
    domain: body.domain === undefined ? null : { id: body.domain.id, name: body.domain.name ?? null },
    scope: scopeOf(body),
    roles: uniqueSorted(body.roles.map(({ name }) => name.trim().toLowerCase())),
    groups: uniqueSorted(body.user['OS-FEDERATION']?.groups.map(({ id }) => id) ?? []),
    methods: body.methods,
    applicationCredential: applicationCredentialOf(body),
    trust: trustOf(body),
    ...protocolsOf(body),
  };
}

function ownedOf(entity: TokenBody['user'] | NonNullable<TokenBody['project']>): Principal['user'] {
  const { id, name, domain } = entity;
  return { id, name: name ?? null, domain: { id: domain?.id ?? null, name: domain?.name ?? null } };
}

function scopeOf(body: TokenBody): Principal['scope'] {
  if (body.project !== undefined) return 'project';
  if (body.domain !== undefined) return 'domain';
  return body.system === undefined ? 'none' : 'system';
}

function applicationCredentialOf(body: TokenBody): Principal['applicationCredential'] {
  const credential = body.application_credential;
  if (credential === undefined) return null;
  return {
    id: credential.id,
    name: credential.name ?? null,
    restricted: credential.restricted,
    accessRules: credential.access_rules !== undefined,
  };
}

/** With impersonation Keystone already names the trustor as the user: ownership follows the trustor. */
function trustOf(body: TokenBody): Principal['trust'] {
  const trust = body['OS-TRUST:trust'];
  if (trust === undefined) return null;
  return {
    id: trust.id,
    trustorUserId: trust.trustor_user.id,
    trusteeUserId: trust.trustee_user.id,
    impersonation: trust.impersonation,
  };
}

function protocolsOf(body: TokenBody): Pick<Principal, 'oauth1' | 'oauth2'> {
  const oauth1 = body['OS-OAUTH1'];
  const oauth2 = body.oauth2_credential;
  return {
    ...(oauth1 === undefined ? {} : { oauth1: { consumerId: oauth1.consumer_id } }),
    ...(oauth2 === undefined ? {} : { oauth2: { x5tS256: oauth2['x5t#S256'] } }),
  };
}

function uniqueSorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
