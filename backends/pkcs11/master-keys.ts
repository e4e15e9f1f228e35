import { CKA, CKK, CKM, CKO_SECRET_KEY } from './mechanisms.ts';
import type { Handle, Module } from './module.ts';
import type { TokenOptions } from './options.ts';
import { TokenFault } from './rv.ts';
import type { Token } from './token.ts';

type Labels = TokenOptions['master_keys'][number];

/** A pair of keys that never leave the token: one wraps project keys, the other signs what was wrapped. */
export interface MasterKey {
  readonly mkek: Handle;
  readonly mac: Handle;
}

/** In the order of the configuration; a handle is looked up once. */
export interface MasterKeys {
  /** `misconfigured` when no master key of that name is configured, or the token does not have it. */
  named(id: string): MasterKey;
  /** Handles of token objects may change when a device comes back. */
  forget(): void;
}

/** Looks every configured key up, and checks it: throws what an operator must change. */
export function openMasterKeys(token: Token): MasterKeys {
  const found = new Map<string, MasterKey>();
  const named = (id: string): MasterKey => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const labels = token.options.master_keys.find((one) => one.id === id);
    if (labels === undefined)
      throw new TokenFault('misconfigured', `master key "${id}" is not among the master_keys`);
    const pair = lookUp(token, labels);
    found.set(id, pair);
    return pair;
  };
  for (const { id } of token.options.master_keys) named(id);
  return { named, forget: () => found.clear() };
}

function lookUp(token: Token, labels: Labels): MasterKey {
  const pair = {
    mkek: findKey(token, labels.mkek_label),
    mac: findKey(token, labels.hmac_label),
  };
  const faults = [
    ...mkekFaults(describeKey(token.module, token.keeper, pair.mkek), labels.mkek_label),
    ...macFaults(describeKey(token.module, token.keeper, pair.mac), labels.hmac_label, token.options),
  ];
  if (faults.length > 0) throw new TokenFault('misconfigured', faults.join('; '));
  return pair;
}

/** More than this many of one label are as wrong as two. */
const ENOUGH = 2;

function findKey({ module, keeper }: Token, label: string): Handle {
  const found = findKeys(module, keeper, label);
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  const what = key === undefined ? 'no key' : 'more than one key';
  throw new TokenFault(
    'misconfigured',
    `${what} with the label "${label}" on the token; "postern keys init" makes those that are configured`,
  );
}

export function findKeys(module: Module, session: Handle, label: string): readonly Handle[] {
  module.C_FindObjectsInit(session, [
    { type: CKA.CLASS, value: CKO_SECRET_KEY },
    { type: CKA.LABEL, value: label },
  ]);
  try {
    return module.C_FindObjects(session, ENOUGH);
  } finally {
    module.C_FindObjectsFinal(session);
  }
}

const SHOWN = {
  key_type: CKA.KEY_TYPE,
  bytes: CKA.VALUE_LEN,
  token: CKA.TOKEN,
  private: CKA.PRIVATE,
  sensitive: CKA.SENSITIVE,
  always_sensitive: CKA.ALWAYS_SENSITIVE,
  extractable: CKA.EXTRACTABLE,
  never_extractable: CKA.NEVER_EXTRACTABLE,
  local: CKA.LOCAL,
  encrypt: CKA.ENCRYPT,
  decrypt: CKA.DECRYPT,
  wrap: CKA.WRAP,
  unwrap: CKA.UNWRAP,
  sign: CKA.SIGN,
  verify: CKA.VERIFY,
  derive: CKA.DERIVE,
} as const;

/** What the token says of a key; undefined where it says nothing. */
export type KeyAttributes = Readonly<Partial<Record<keyof typeof SHOWN, number>>>;

export function describeKey(module: Module, session: Handle, key: Handle): KeyAttributes {
  const entries = Object.entries(SHOWN).map(([name, type]) => [
    name,
    numberOf(module, session, { key, type }),
  ]);
  return Object.fromEntries(entries) as KeyAttributes;
}

/** One by one: a token that does not know one attribute refuses the whole list. */
function numberOf(
  module: Module,
  session: Handle,
  { key, type }: { key: Handle; type: number },
): number | undefined {
  try {
    const [attribute] = module.C_GetAttributeValue(session, key, [{ type }]);
    const value = attribute?.value;
    return value === undefined || value.length === 0
      ? undefined
      : value.readUIntLE(0, Math.min(value.length, 6));
  } catch {
    return undefined;
  }
}

type Rule = readonly [keyof KeyAttributes, number, string];

const SECRET: readonly Rule[] = [
  ['sensitive', 1, 'its value can be read'],
  ['extractable', 0, 'it can be taken out of the token'],
];

/** SP 800-57: one key, one purpose. With WRAP and DECRYPT, whoever has the PIN reads every project key. */
const MKEK: readonly Rule[] = [
  ['key_type', CKK.CKK_AES, 'it is not an AES key'],
  ['bytes', 32, 'it does not have 256 bits'],
  ...SECRET,
  ['wrap', 1, 'it may not wrap'],
  ['unwrap', 1, 'it may not unwrap'],
  ['decrypt', 0, 'it may decrypt, so that what it wrapped can be read'],
  ['encrypt', 0, 'it may encrypt, so that keys can be planted'],
];

export function mkekFaults(key: KeyAttributes, label: string): readonly string[] {
  return [...broken(key, MKEK), ...wasOutside(key)].map((fault) => `key "${label}": ${fault}`);
}

/** RFC 2104 section 3: keys shorter than the digest weaken the MAC. */
const MIN_MAC_KEY_BYTES = 32;

export function macFaults(
  key: KeyAttributes,
  label: string,
  { mechanisms }: Pick<TokenOptions, 'mechanisms'>,
): readonly string[] {
  const rules: readonly Rule[] = [
    ['key_type', mechanisms.mac_key_type, 'it is not of the type mechanisms.mac_key_type'],
    ...SECRET,
    ['sign', 1, 'it may not sign'],
    ['verify', 1, 'it may not verify'],
    ['wrap', 0, 'it may wrap'],
    ['decrypt', 0, 'it may decrypt'],
  ];
  const short = (key.bytes ?? MIN_MAC_KEY_BYTES) < MIN_MAC_KEY_BYTES ? ['it is shorter than 256 bits'] : [];
  return [...broken(key, rules), ...short, ...wasOutside(key)].map((fault) => `key "${label}": ${fault}`);
}

/** What the token does not tell of a permission counts as the permission it asks for when it is used. */
function broken(key: KeyAttributes, rules: readonly Rule[]): readonly string[] {
  return rules
    .filter(([name, value]) => (key[name] === undefined ? name === 'sensitive' : key[name] !== value))
    .map(([, , fault]) => fault);
}

/** A key made on the token has never been elsewhere. One that was imported is the operator's own decision. */
function wasOutside({ local, never_extractable: never }: KeyAttributes): readonly string[] {
  return local === 1 && never === 0 ? ['it could be taken out of the token at some time'] : [];
}

/** A new pair of keys, for good, on the token. Refuses labels that are there: two keys of one label open nothing. */
export async function createMasterKeys(token: Token, labels: Labels): Promise<void> {
  const { module, keeper, options } = token;
  for (const label of [labels.mkek_label, labels.hmac_label]) {
    if (findKeys(module, keeper, label).length > 0)
      throw new TokenFault('misconfigured', `the token has a key "${label}" already: nothing was made`);
  }
  const mkek = { type: CKK.CKK_AES, label: labels.mkek_label, may: ['wrap', 'unwrap'] } as const;
  const made = await module.C_GenerateKeyAsync(keeper, { mechanism: CKM.CKM_AES_KEY_GEN }, templateOf(mkek));
  try {
    const mechanism = options.mechanisms.mac_key_generation;
    const type = options.mechanisms.mac_key_type;
    const mac = { type, label: labels.hmac_label, may: ['sign', 'verify'] } as const;
    await module.C_GenerateKeyAsync(keeper, { mechanism }, templateOf(mac));
  } catch (error) {
    // Half a pair would be refused at the next try, by its label.
    module.C_DestroyObject(keeper, made);
    throw error;
  }
}

/** For good. What is gone already is as good as destroyed: a first attempt may have come half way. */
export function destroyMasterKeys({ module, keeper }: Token, labels: Labels): void {
  for (const label of [labels.mkek_label, labels.hmac_label]) {
    const found = findKeys(module, keeper, label);
    if (found.length > 1)
      throw new TokenFault(
        'misconfigured',
        `the token has more than one key "${label}": nothing was destroyed`,
      );
    for (const key of found) module.C_DestroyObject(keeper, key);
  }
}

type Permission = 'encrypt' | 'decrypt' | 'wrap' | 'unwrap' | 'sign' | 'verify';

interface NewKey {
  readonly type: number;
  readonly label: string;
  readonly may: readonly Permission[];
}

const PERMISSIONS: readonly Permission[] = ['encrypt', 'decrypt', 'wrap', 'unwrap', 'sign', 'verify'];

/** Complete: what a template leaves out, each vendor fills in differently. */
function templateOf({ type, label, may }: NewKey): { type: number; value: number | boolean | string }[] {
  return [
    { type: CKA.CLASS, value: CKO_SECRET_KEY },
    { type: CKA.KEY_TYPE, value: type },
    { type: CKA.VALUE_LEN, value: 32 },
    { type: CKA.LABEL, value: label },
    { type: CKA.TOKEN, value: true },
    { type: CKA.PRIVATE, value: true },
    { type: CKA.SENSITIVE, value: true },
    { type: CKA.EXTRACTABLE, value: false },
    ...PERMISSIONS.map((name) => ({ type: SHOWN[name], value: may.includes(name) })),
  ];
}
