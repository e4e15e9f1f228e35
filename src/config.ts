import { z } from 'zod';
import { dogtagOptions } from '../backends/dogtag/index.ts';
import { kmipOptions } from '../backends/kmip/index.ts';
import { pkcs11Options } from '../backends/pkcs11/index.ts';
import { simpleCryptoOptions } from '../backends/simple-crypto/index.ts';
import { vaultOptions } from '../backends/vault/index.ts';
import { headersOptions } from './identity/headers.ts';
import { keystoneOptions } from './identity/keystone/options.ts';
import { secondsIn } from './model/duration.ts';

/** Seconds, as a number or as `10s`, `5m`, `1h`, `30d`. */
const duration = z
  .union([z.number().positive(), z.string().regex(/^\d{1,9}[smhd]$/)])
  .transform((value) => (typeof value === 'number' ? value : (secondsIn(value) as number)));

const listen = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(9311),
  workers: z.int().min(1).max(256).default(1),
  public_url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  trust_proxy: z.boolean().default(false),
});

const database = z.discriminatedUnion('client', [
  z.strictObject({
    client: z.literal('sqlite3'),
    filename: z.string().min(1).default('var/postern.sqlite'),
    migrate: z.enum(['auto', 'manual']).default('auto'),
  }),
  z.strictObject({
    client: z.literal('pg'),
    connection: z.string().min(1),
    pool: z.strictObject({ max: z.int().min(1).max(1_000) }).default({ max: 10 }),
    migrate: z.literal('manual').default('manual'),
  }),
]);

const policy = z.strictObject({
  bundle: z.string().min(1).default('policies/bundle.tar.gz'),
  reload: duration.default(10),
  data: z.record(z.string(), z.json()).default({}),
});

const vaultPlaceOf = ({ url, namespace, mount, prefix }: z.output<typeof vaultOptions>): string =>
  [url, namespace ?? '', mount, prefix].join(' ');

/** Of every store, whatever its kind: what rules may call it, so that they need not name stores. */
const described = {
  classes: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'expected a word in lower case'))
    .default([]),
};

const stores = z
  .strictObject({
    default: z.string().min(1),
    /** Whether projects may choose; left out: if there is more than one. */
    multiple: z.boolean().optional(),
    configured: z
      .array(
        z.discriminatedUnion('kind', [
          simpleCryptoOptions.safeExtend(described),
          pkcs11Options.safeExtend(described),
          kmipOptions.safeExtend(described),
          dogtagOptions.safeExtend(described),
          vaultOptions.safeExtend(described),
        ]),
      )
      .min(1),
  })
  .superRefine(({ default: name, configured }, context) => {
    const names = configured.map((store) => store.name);
    if (!names.includes(name)) {
      context.addIssue({
        code: 'custom',
        path: ['default'],
        message: `no configured store is named "${name}"`,
      });
    }
    const twice = names.find((one, index) => names.indexOf(one) !== index);
    if (twice !== undefined) context.addIssue({ code: 'custom', message: `two stores are named "${twice}"` });
    // Entries are named by project and secret alone: each would take the other's for its own, and destroy them.
    const places = configured.map((store) => (store.kind === 'vault' ? vaultPlaceOf(store) : store.name));
    const shared = places.findIndex((place, index) => places.indexOf(place) !== index);
    if (shared !== -1 && twice === undefined) {
      const message = `stores "${names[places.indexOf(places[shared] ?? '')]}" and "${names[shared]}" share a place in Vault: give one another prefix`;
      context.addIssue({ code: 'custom', path: ['configured', shared], message });
    }
  });

const audit = z.strictObject({
  sinks: z
    .array(
      z.strictObject({
        kind: z.literal('file'),
        path: z.string().min(1),
        spool_bytes: z.int().min(65_536).optional(),
      }),
    )
    .default([{ kind: 'file', path: 'var/audit.jsonl' }]),
});

const gc = z.strictObject({
  /** Null: expired secrets stay for ever, seen by nobody. */
  expired_after: duration.nullable().default(null),
});

const limits = z.strictObject({
  max_secret_bytes: z.int().min(1).max(1_048_576).default(20_000),
  max_request_bytes: z.int().min(1).max(4_194_304).default(25_000),
  default_page_size: z.int().min(1).default(10),
  max_page_size: z.int().min(1).max(1_000).default(100),
});

/** A negative number: no limit. */
const quota = z.int().default(-1);

const quotas = z.strictObject({
  secrets: quota,
  orders: quota,
  containers: quota,
  consumers: quota,
  cas: quota,
});

/** Every option of the broker. An unknown key stops start-up: a misspelt limit must not be a silent default. */
export const configSchema = z.strictObject({
  listen: listen.prefault({}),
  database: database.prefault({ client: 'sqlite3' }),
  identity: z.array(z.discriminatedUnion('kind', [keystoneOptions, headersOptions])).min(1),
  policy: policy.prefault({}),
  stores,
  queue: z.strictObject({ kind: z.literal('embedded') }).default({ kind: 'embedded' }),
  limits: limits.prefault({}),
  quotas: quotas.prefault({}),
  audit: audit.prefault({}),
  gc: gc.prefault({}),
  cors: z.strictObject({ allowed_origins: z.array(z.string()).default([]) }).prefault({}),
  healthcheck: z.strictObject({ disable_file: z.string().nullable().default(null) }).prefault({}),
  api: z.strictObject({ max_microversion: z.enum(['1.0', '1.1', '1.2']).default('1.2') }).prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type StoreConfig = Config['stores']['configured'][number];
