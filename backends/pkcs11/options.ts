import { z } from 'zod';
import { guardOptions } from '../../src/stores/guard-options.ts';
import { CKK, CKM } from './mechanisms.ts';

/** One length byte in the layout of a wrapped KEK. */
const MAX_ID_BYTES = 255;
/** PKCS #11 v2.40 section 3.2: token labels are 32 bytes, serial numbers 16. */
const MAX_TOKEN_LABEL_BYTES = 32;
const MAX_SERIAL_BYTES = 16;

const text = z.string().min(1);
const seconds = z.number().positive().max(600);
const within = (bytes: number): z.ZodString =>
  text.refine((value) => Buffer.byteLength(value) <= bytes, `at most ${bytes} bytes`);

/** One of the names, or the number that a vendor gave its own. */
const numbered = <N extends string>(numbers: Readonly<Record<N, number>>, names: readonly [N, ...N[]]) =>
  z
    .union([z.enum(names), z.int().min(0).max(0xffff_ffff)])
    .transform((value) => (typeof value === 'number' ? value : numbers[value]));

const masterKeys = z
  .array(
    z.strictObject({
      /** Saved with every project key it wraps; never give it to another pair of keys. */
      id: within(MAX_ID_BYTES),
      /** CKA_LABEL of the AES key that wraps project keys. */
      mkek_label: text,
      /** CKA_LABEL of the key that signs what was wrapped. */
      hmac_label: text,
    }),
  )
  .min(1)
  .superRefine((keys, context) => {
    const ids = keys.map((one) => one.id);
    const twice = ids.find((one, index) => ids.indexOf(one) !== index);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `two master keys have the id "${twice}"` });
  });

/** What the device can do. The self-test at start names the one it cannot. */
const mechanisms = z.strictObject({
  /** How the token seals payloads: `gcm`, or `cbc-mac` (AES-CBC, then HMAC) where it has no GCM. */
  content: z.enum(['gcm', 'cbc-mac']).default('gcm'),
  /** A vendor's own AES-GCM by its number. */
  gcm: numbered(CKM, ['CKM_AES_GCM']).default(CKM.CKM_AES_GCM),
  /** Who pads for `cbc-mac`: we (CKM_AES_CBC), or the token (CKM_AES_CBC_PAD). The bytes are the same. */
  padding: z.enum(['software', 'token']).default('software'),
  /** RFC 5649 under whatever name the token has it; `auto` takes the first that passes the self-test. */
  wrap: z
    .union([z.literal('auto'), numbered(CKM, ['CKM_AES_KEY_WRAP_KWP', 'CKM_AES_KEY_WRAP_PAD'])])
    .default('auto'),
  mac: numbered(CKM, ['CKM_SHA256_HMAC']).default(CKM.CKM_SHA256_HMAC),
  /** CKA_KEY_TYPE of the MAC key. */
  mac_key_type: numbered(CKK, ['CKK_GENERIC_SECRET', 'CKK_SHA256_HMAC']).default(CKK.CKK_GENERIC_SECRET),
  /** Only for making the MAC key. */
  mac_key_generation: numbered(CKM, ['CKM_GENERIC_SECRET_KEY_GEN']).default(CKM.CKM_GENERIC_SECRET_KEY_GEN),
  /** False for tokens that refuse a key that is both sensitive and, until it is wrapped, extractable. */
  sensitive: z.boolean().default(true),
});

/** Every option of a `pkcs11` store. */
export const pkcs11Options = z
  .strictObject({
    kind: z.literal('pkcs11'),
    name: text,
    /** The vendor's PKCS #11 module. Only a process of its own loads it. */
    library: text,
    /** Which token: all that are given must match, and match one token only. */
    token_label: within(MAX_TOKEN_LABEL_BYTES).optional(),
    token_serial: within(MAX_SERIAL_BYTES).optional(),
    /** Numbers change on most devices: prefer label or serial. */
    slot: z.int().min(0).optional(),
    /** Of the crypto user. Tried once; a token locks. */
    pin: text,
    /** The first wraps new project keys; all of them unwrap. */
    master_keys: masterKeys,
    /** T: the token seals payloads. W: it wraps a data key for each. K: it wraps project keys, which then live here. */
    mode: z.enum(['T', 'W', 'K']).default('T'),
    mechanisms: mechanisms.prefault({}),
    /** Open at once, for all processes of this host together. */
    sessions: z.int().min(1).max(256).default(8),
    /** Unwrapped project keys. `ttl` in seconds, from the unwrapping. */
    kek_cache: z
      .strictObject({
        entries: z.int().min(1).max(100_000).default(100),
        ttl: z.number().positive().max(86_400).default(900),
      })
      .prefault({}),
    /** Seconds for one call of the token. */
    attempt_timeout: seconds.default(2),
    /** Seconds for making one key pair. */
    generation_timeout: seconds.default(30),
    /** Where the processes of this host find the one that has the token; made, and ours alone. */
    socket_folder: text.default('var/run'),
    /** Added to the environment of the vendor's module. */
    environment: z.record(z.string(), z.string()).default({}),
    ...guardOptions({ concurrency: 8, deadline: 10 }),
  })
  .superRefine(({ token_label: label, token_serial: serial, slot }, context) => {
    if (label === undefined && serial === undefined && slot === undefined)
      context.addIssue({ code: 'custom', message: 'which token? Give token_label, token_serial or slot' });
  });
export type Pkcs11Options = z.output<typeof pkcs11Options>;

/** What the token's process must know. */
export type TokenOptions = Pick<
  Pkcs11Options,
  | 'name'
  | 'library'
  | 'token_label'
  | 'token_serial'
  | 'slot'
  | 'pin'
  | 'master_keys'
  | 'mode'
  | 'mechanisms'
  | 'sessions'
  | 'kek_cache'
  | 'attempt_timeout'
  | 'generation_timeout'
>;
