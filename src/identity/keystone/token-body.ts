import { z } from 'zod';

const entity = z.object({ id: z.string(), name: z.string().nullish() });
const owned = entity.extend({
  domain: z.object({ id: z.string().nullish(), name: z.string().nullish() }).nullish(),
});
const reference = z.object({ id: z.string() });

const accessRule = z.object({ method: z.string(), service: z.string(), path: z.string() });
export type AccessRule = Readonly<z.output<typeof accessRule>>;

const applicationCredential = z.object({
  id: z.string(),
  name: z.string().nullish(),
  restricted: z.boolean().default(true),
  // Absent: unrestricted. Present and empty: nothing is allowed.
  access_rules: z.array(accessRule).optional(),
});

const trust = z.object({
  id: z.string(),
  trustor_user: reference,
  trustee_user: reference,
  impersonation: z.boolean(),
});

/** `GET /v3/auth/tokens` (Identity API v3); what we have no use for is dropped. */
export const tokenBody = z.object({
  token: z.object({
    issued_at: z.string(),
    expires_at: z.string(),
    methods: z.array(z.string()).default([]),
    audit_ids: z.array(z.string()).default([]),
    user: owned.extend({
      'OS-FEDERATION': z.object({ groups: z.array(reference).default([]) }).optional(),
    }),
    project: owned.optional(),
    domain: entity.optional(),
    system: z.object({ all: z.boolean() }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
    application_credential: applicationCredential.optional(),
    'OS-TRUST:trust': trust.optional(),
    'OS-OAUTH1': z.object({ consumer_id: z.string() }).optional(),
    oauth2_credential: z.object({ 'x5t#S256': z.string() }).optional(),
  }),
});

export type TokenBody = z.output<typeof tokenBody>['token'];

/** Keystone's own refusal; a 404 of some proxy on the way says nothing about the token. */
export const notFoundBody = z.object({ error: z.object({ code: z.literal(404) }) });
