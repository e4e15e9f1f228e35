import { z } from 'zod';
import { guardOptions } from '../../src/stores/guard-options.ts';
import { USAGE, type Usage } from '../../src/ttlv/key-enums.ts';

const host = z.string().min(1);
const port = z.int().min(1).max(65_535).default(5696);

/** What proves us; never quoted in a refusal. PEM arrives as text: the configuration has resolved `{ file: … }`. */
const pem = (what: string) =>
  z.string().refine((text) => text.includes('-----BEGIN '), `expected ${what} as PEM text`);

const tls = z.strictObject({
  /** The authorities that may have signed a server's certificate; no others are trusted. PEM, one or more. */
  ca: pem('certificates'),
  /** Our certificate, with its chain; servers take its subject as the user. */
  cert: pem('a certificate'),
  key: pem('a private key'),
  /** Of the private key, if it is encrypted. */
  passphrase: z.string().min(1).optional(),
  min_version: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
  /** OpenSSL's list, for servers that need one; left out: Node's own. */
  ciphers: z.string().min(1).optional(),
  /** The name in the server's certificate, where it is not the host. */
  servername: z.string().min(1).optional(),
});

const KMIP_VERSIONS = ['2.1', '2.0', '1.4', '1.3', '1.2', '1.1', '1.0'] as const;

const seconds = (fallback: number, most: number) => z.number().positive().max(most).default(fallback);

const USAGES = Object.keys(USAGE) as readonly Usage[];

/** What the server may use an object for, by the standard's names. The broker uses none of it; others there may. */
const uses = (...fallback: readonly Usage[]) => z.array(z.enum(USAGES)).readonly().default(fallback);

const usage = z.strictObject({
  symmetric: uses('Encrypt', 'Decrypt'),
  hmac: uses('MAC Generate', 'MAC Verify'),
  private: uses('Sign', 'Decrypt', 'Unwrap Key'),
  public: uses('Verify', 'Encrypt', 'Wrap Key'),
  certificate: uses('Verify'),
  passphrase: uses(),
});

const fields = z.strictObject({
  kind: z.literal('kmip'),
  name: z.string().min(1),
  /** The one server there is; or `servers`. */
  host: host.optional(),
  port,
  /** Servers that share their objects, in order: the next is asked where the one before does not answer. */
  servers: z.array(z.strictObject({ host, port })).min(1).optional(),
  tls,
  /** Sent with every request beside the certificate, where the server wants it. */
  credential: z.strictObject({ username: z.string().min(1), password: z.string().optional() }).optional(),
  /** Protocol versions we speak, the best first. */
  versions: z.array(z.enum(KMIP_VERSIONS)).min(1).default(['2.1', '2.0', '1.4', '1.3', '1.2']),
  /** `typed`: keys, certificates and passphrases as what they are, wherever their bytes come back the same. */
  store: z.enum(['typed', 'opaque']).default('typed'),
  /** Activate keys once they are there; some servers use no others. */
  activate: z.boolean().default(false),
  /** Have the server make the keys of orders, as far as it can: tried out at the start. */
  generate: z.boolean().default(true),
  usage: usage.prefault({}),
  /** The first part of the name of every object of ours. */
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dot, underscore and dash; at most 64')
    .default('postern'),
  /** In seconds, of each attempt. Keys take their own time. */
  timeouts: z
    .strictObject({ connect: seconds(2, 60), request: seconds(5, 60), generate: seconds(30, 60) })
    .prefault({}),
  /** Connections: kept open at least, open at most, and seconds until one that is not used is closed. */
  pool: z
    .strictObject({
      min: z.int().min(0).max(100).default(0),
      max: z.int().min(1).max(100).default(16),
      idle: seconds(60, 86_400),
    })
    .refine(({ min, max }) => min <= max, 'min is more than max')
    .prefault({}),
  /** Bytes of the largest message either side may send; payloads are smaller by 4096. Know what your server takes. */
  max_message: z
    .int()
    .min(16_384)
    .max(2 * 1024 * 1024)
    .default(256 * 1024),
  ...guardOptions({ concurrency: 16, deadline: 10 }),
});

/** A KMIP server as `stores.configured[]` describes it. */
export const kmipOptions = fields.superRefine(({ host: one, servers }, context) => {
  if ((one === undefined) === (servers === undefined))
    context.addIssue({ code: 'custom', message: 'either host or servers' });
});
export type KmipOptions = z.output<typeof kmipOptions>;
export type KmipVersion = KmipOptions['versions'][number];

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** In the order in which they are to be asked. */
export function serversOf({ host: one, port: at, servers }: KmipOptions): readonly Server[] {
  return servers ?? [{ host: one ?? '', port: at }];
}
