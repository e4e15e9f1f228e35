import type { Principal, TokenFacts } from '../model/principal.ts';

export function principalInput(principal: Principal): unknown {
  const { applicationCredential, trust } = principal;
  return {
    ...identityInput(principal),
    application_credential:
      applicationCredential === null
        ? null
        : {
            id: applicationCredential.id,
            name: applicationCredential.name,
            restricted: applicationCredential.restricted,
            access_rules: applicationCredential.accessRules,
          },
    trust:
      trust === null
        ? null
        : {
            id: trust.id,
            trustor_user_id: trust.trustorUserId,
            trustee_user_id: trust.trusteeUserId,
            impersonation: trust.impersonation,
          },
    claims: {},
  };
}

/** A service has no trust or application credential of its own that a rule may rest on. */
export function serviceInput(service: Principal): unknown {
  return identityInput(service);
}

function identityInput(principal: Principal): Record<string, unknown> {
  const { user, project, domain } = principal;
  return {
    kind: principal.kind,
    issuer: principal.issuer,
    user: { ...named(user), domain: named(user.domain) },
    project:
      project === null ? null : { ...named(project), domain: named(project.domain), tags: project.tags },
    domain: domain === null ? null : named(domain),
    scope: principal.scope,
    roles: principal.roles,
    groups: principal.groups,
    methods: principal.methods,
    token: principal.token === null ? null : tokenInput(principal.token),
    oauth1: principal.oauth1 === undefined ? null : { consumer_id: principal.oauth1.consumerId },
    oauth2: principal.oauth2 === undefined ? null : { x5t_s256: principal.oauth2.x5tS256 },
  };
}

function named(entity: { readonly id: string | null; readonly name: string | null }) {
  return { id: entity.id, name: entity.name };
}

function tokenInput(token: TokenFacts): unknown {
  return {
    issued_at: token.issuedAt,
    expires_at: token.expiresAt,
    age_s: token.ageSeconds,
    expired: token.expired,
    cached_s: token.cachedSeconds,
    audit_id: token.auditId,
  };
}
