import { z } from 'zod';

const DEFAULT_DOMAIN_ID = 'default';
const text = z.string().min(1);

/** Printable, no quote: it goes into a quoted `WWW-Authenticate` parameter. No `user:password@`: it is shown and logged. */
const url = z
  .string()
  .regex(/^https?:\/\/[^@/"\s]+(?:\/[\x21\x23-\x7e]*)?$/, 'must be an http or https URL without credentials')
  .refine((value) => URL.canParse(value), 'must be a URL');

const fields = z.strictObject({
  kind: z.literal('keystone'),
  name: text.default('keystone'),
  auth_url: url,
  username: text.optional(),
  password: text.optional(),
  user_domain_name: text.optional(),
  user_domain_id: text.optional(),
  project_name: text.optional(),
  project_domain_name: text.optional(),
  project_domain_id: text.optional(),
  application_credential_id: text.optional(),
  application_credential_name: text.optional(),
  application_credential_secret: text.optional(),
  cafile: text.optional(),
  certfile: text.optional(),
  keyfile: text.optional(),
  insecure: z.boolean().default(false),
  /** Seconds that all of Keystone's work for one request may take. */
  timeout: z.number().positive().max(60).default(5),
  /** Seconds until a connection that is not established is tried anew. */
  connect_timeout: z.number().positive().max(60).default(2),
  /** Attempts after the first, on connection failures only. */
  max_retries: z.int().min(0).max(10).default(3),
  /** Seconds that a revoked token may go on working; 0 or -1: every request asks. */
  token_cache_time: z.int().min(-1).max(86_400).default(300),
  token_cache_size: z.int().min(1).max(1_000_000).default(10_000),
  service_token_roles: z.array(text).min(1).default(['service']),
  /** What access rules must name; null: application credentials with access rules are refused. */
  service_type: text.nullable().default('key-manager'),
  www_authenticate_uri: url.optional(),
});

type Fields = z.output<typeof fields>;

/** Keystone as `identity[]` of the configuration describes it; secrets are already text here. */
export const keystoneOptions = fields.superRefine((options, context) => {
  for (const message of [...loginFaults(options), ...pairFaults(options)]) {
    context.addIssue({ code: 'custom', message });
  }
});

export type KeystoneOptions = z.output<typeof keystoneOptions>;

/** Keystone's `auth.identity` and `auth.scope` of our own login (Identity API v3, "Authentication and token management"). */
export function loginRequest(options: KeystoneOptions): object {
  return options.application_credential_secret === undefined
    ? passwordLogin(options)
    : applicationCredentialLogin(options);
}

function passwordLogin(options: KeystoneOptions): object {
  const user = { name: options.username, domain: userDomain(options), password: options.password };
  const domain = domainOf(options.project_domain_id, options.project_domain_name);
  return {
    auth: {
      identity: { methods: ['password'], password: { user } },
      scope: { project: { name: options.project_name, domain } },
    },
  };
}

/** Names no scope: the credential's own project applies, and naming one is an error. */
function applicationCredentialLogin(options: KeystoneOptions): object {
  const secret = options.application_credential_secret;
  const credential =
    options.application_credential_id === undefined
      ? {
          name: options.application_credential_name,
          secret,
          user: { name: options.username, domain: userDomain(options) },
        }
      : { id: options.application_credential_id, secret };
  return {
    auth: { identity: { methods: ['application_credential'], application_credential: credential } },
  };
}

function userDomain(options: KeystoneOptions): object {
  return domainOf(options.user_domain_id, options.user_domain_name);
}

function domainOf(id: string | undefined, name: string | undefined): object {
  return name === undefined ? { id: id ?? DEFAULT_DOMAIN_ID } : { name };
}

function loginFaults(options: Fields): readonly string[] {
  if (options.application_credential_secret !== undefined) return applicationCredentialFaults(options);
  const missing = (['username', 'password', 'project_name'] as const).filter(
    (key) => options[key] === undefined,
  );
  return missing.map((key) => `${key} is missing (or log in with application_credential_id and _secret)`);
}

function applicationCredentialFaults(options: Fields): readonly string[] {
  if (options.password !== undefined) return ['give password or application_credential_secret, not both'];
  if (options.application_credential_id !== undefined) return [];
  const named = options.application_credential_name !== undefined && options.username !== undefined;
  return named
    ? []
    : ['application_credential_secret needs application_credential_id, or _name with username'];
}

function pairFaults(options: Fields): readonly string[] {
  const faults: string[] = [];
  if (options.user_domain_id !== undefined && options.user_domain_name !== undefined) {
    faults.push('give user_domain_id or user_domain_name, not both');
  }
  if (options.project_domain_id !== undefined && options.project_domain_name !== undefined) {
    faults.push('give project_domain_id or project_domain_name, not both');
  }
  if ((options.certfile === undefined) !== (options.keyfile === undefined)) {
    faults.push('certfile and keyfile belong together');
  }
  return faults;
}
