import { z } from 'zod';
import { guardOptions } from '../../src/stores/guard-options.ts';

/** Kept short so that a ref, which holds the prefix, a project and a secret, stays below 255 characters. */
const MAX_PATH_CHARACTERS = 100;

/** A path that means the same to the server, to its policies and to everything in between. */
const path = z
  .string()
  .max(MAX_PATH_CHARACTERS)
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/,
    'letters, digits, dot, underscore and dash, parts divided by slashes',
  );

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Scheme, host and port of a server, as an origin (RFC 6454 section 6). */
const origin = z
  .url({ protocol: /^https?$/ })
  .transform((text) => new URL(text))
  .refine(
    ({ pathname, search, hash }) => pathname === '/' && search === '' && hash === '',
    'a server, without a path',
  )
  .refine(({ username, password }) => username === '' && password === '', 'no user or password in an address')
  .refine(
    ({ protocol, hostname }) => protocol === 'https:' || LOOPBACK.test(hostname),
    'https, except on loopback',
  )
  .transform((url) => url.origin);

/** What proves us or them; never quoted in a refusal. PEM arrives as text: the configuration has resolved `{ file: … }`. */
const pem = (what: string) =>
  z.string().refine((text) => text.includes('-----BEGIN '), `expected ${what} as PEM text`);

const tls = z
  .strictObject({
    /** The authorities that may have signed the server's certificate; left out: those the system trusts. PEM. */
    ca: pem('certificates').optional(),
    /** Our certificate with its chain, for a login by certificate or a server that asks for one. PEM. */
    cert: pem('a certificate').optional(),
    key: pem('a private key').optional(),
    /** Of the private key, if it is encrypted. */
    passphrase: z.string().min(1).optional(),
    /** The name in the server's certificate, where it is not the host of `url`. */
    servername: z.string().min(1).optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key belong together');

const approle = z
  .strictObject({
    /** Where the method is enabled. */
    mount: path.default('approle'),
    role_id: z.string().min(1),
    secret_id: z.string().min(1).optional(),
    /** A wrapping token with the secret id in it, good for one start of one process. */
    wrapped_secret_id: z.string().min(1).optional(),
  })
  .refine(
    ({ secret_id, wrapped_secret_id }) => (secret_id === undefined) !== (wrapped_secret_id === undefined),
    'either secret_id or wrapped_secret_id',
  );

const certificate = z.strictObject({
  mount: path.default('cert'),
  /** The role to take, where the certificate fits several. */
  role: z.string().min(1).optional(),
});

/** One of the three. */
const auth = z
  .strictObject({
    approle: approle.optional(),
    /** By the certificate under `tls`. */
    certificate: certificate.optional(),
    /** A token that somebody made for us. Renewed while the server lets it; never revoked by us. */
    token: z.string().min(1).optional(),
  })
  .refine(
    (methods) => Object.values(methods).filter((method) => method !== undefined).length === 1,
    'exactly one of approle, certificate and token',
  );

const seconds = (fallback: number) => z.number().positive().max(60).default(fallback);

const fields = z.strictObject({
  kind: z.literal('vault'),
  name: z.string().min(1),
  /** The server, or the load balancer in front of a cluster. */
  url: origin,
  /** Other nodes of the cluster. A standby may send us to these and to nobody else. */
  nodes: z.array(origin).readonly().default([]),
  /** Of the data and of the login. Vault Enterprise and OpenBao only. */
  namespace: path.optional(),
  /** Of the login, where it is another one than the data's. */
  login_namespace: path.optional(),
  auth,
  /** Where the KV engine is mounted. */
  mount: path.default('secret'),
  /** Of the KV engine. Version 1 has no check-and-set: see docs/stores/vault.md. */
  kv_version: z.union([z.literal(2), z.literal(1)]).default(2),
  /** Entries are `{prefix}/{project}/{secret}`. */
  prefix: path.default('postern'),
  tls: tls.prefault({}),
  /** In seconds, of each attempt. */
  timeouts: z.strictObject({ connect: seconds(2), request: seconds(5) }).prefault({}),
  ...guardOptions({ concurrency: 32, deadline: 10 }),
});

/** A Vault or OpenBao server as `stores.configured[]` describes it. */
export const vaultOptions = fields.superRefine(({ auth: methods, tls: { cert } }, context) => {
  if (methods.certificate !== undefined && cert === undefined)
    context.addIssue({ code: 'custom', path: ['tls', 'cert'], message: 'a login by certificate needs one' });
});
export type VaultOptions = z.output<typeof vaultOptions>;
