import { decodeWrappedKek, encodeWrappedKek } from '../../src/crypto/envelope.ts';
import type { MasterKeys } from './master-keys.ts';
import { CKA, CKK, CKM, CKO_SECRET_KEY } from './mechanisms.ts';
import type { Handle } from './module.ts';
import { TokenFault } from './rv.ts';
import type { Token } from './token.ts';

/** A project's key as the database has it: the process that unwraps it keeps nothing that a restart could lose. */
export interface WrappedKey {
  /** The id's 16 octets. */
  readonly id: Buffer;
  readonly version: number;
  /** What its MAC binds besides its bytes. */
  readonly aad: Buffer;
  /** KBK1, suite `kwp-mac`. */
  readonly wrapped: Buffer;
}

export interface WrappingDeps {
  readonly token: Token;
  readonly masterKeys: MasterKeys;
  /** The mechanism that the self-test found to be RFC 5649. */
  readonly wrapMechanism: number;
}

const KEK_BYTES = 32;
const MAC_BYTES = 32;

/** A wrapped key whose MAC was checked. */
export interface Verified {
  readonly rootKey: string;
  readonly kwp: Buffer;
}

/** The MAC first: what it does not answer for never gets near the unwrapping key. */
export async function verified(
  { token, masterKeys }: WrappingDeps,
  kek: WrappedKey,
  session: Handle,
): Promise<Verified> {
  const { suite, rootKey, wrapped } = decodeWrappedKek(kek.wrapped);
  if (suite !== 'kwp-mac') {
    throw new TokenFault(
      'misconfigured',
      `a project key is wrapped by suite ${suite}: it is not of this kind of store`,
    );
  }
  const kwp = wrapped.subarray(0, -MAC_BYTES);
  const { mac } = masterKeys.named(rootKey);
  const { module, options } = token;
  module.C_VerifyInit(session, { mechanism: options.mechanisms.mac }, mac);
  await module.C_VerifyAsync(session, Buffer.concat([kek.aad, kwp]), wrapped.subarray(-MAC_BYTES));
  return { rootKey, kwp };
}

type Template = { type: number; value: number | boolean }[];

/** Complete: what a template leaves out, each vendor fills in differently. */
const template = (flags: { readonly extractable: boolean; readonly sensitive: boolean }): Template => [
  { type: CKA.CLASS, value: CKO_SECRET_KEY },
  { type: CKA.KEY_TYPE, value: CKK.CKK_AES },
  { type: CKA.TOKEN, value: false },
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: flags.sensitive },
  { type: CKA.EXTRACTABLE, value: flags.extractable },
  { type: CKA.ENCRYPT, value: true },
  { type: CKA.DECRYPT, value: true },
  { type: CKA.WRAP, value: false },
  { type: CKA.UNWRAP, value: false },
  { type: CKA.SIGN, value: false },
  { type: CKA.VERIFY, value: false },
];

/** What an unwrapped key is for. `wrap`: to be wrapped by another master key. `read`: for mode K. */
type Purpose = 'seal' | 'wrap' | 'read';

/** Inside the token. */
export function unwrap(
  { token, masterKeys, wrapMechanism }: WrappingDeps,
  { rootKey, kwp }: Verified,
  session: Handle,
  purpose: Purpose = 'seal',
): Promise<Handle> {
  const { mkek } = masterKeys.named(rootKey);
  const isSensitive = { seal: true, wrap: token.options.mechanisms.sensitive, read: false };
  const flags = { extractable: purpose !== 'seal', sensitive: isSensitive[purpose] };
  return token.module.C_UnwrapKeyAsync(session, { mechanism: wrapMechanism }, mkek, kwp, template(flags));
}

/** The key's bytes, the caller's to wipe. */
export async function reveal(deps: WrappingDeps, bytes: Verified, session: Handle): Promise<Buffer> {
  const { module } = deps.token;
  const key = await unwrap(deps, bytes, session, 'read');
  try {
    const [attribute] = module.C_GetAttributeValue(session, key, [{ type: CKA.VALUE }]);
    if (attribute?.value.length !== KEK_BYTES)
      throw new TokenFault('integrity', 'a project key has the wrong length');
    return attribute.value;
  } finally {
    module.C_DestroyObject(session, key);
  }
}

/** By which master key a project key is to be wrapped, and what its MAC is to bind besides its bytes. */
export interface Under {
  readonly rootKey: string;
  readonly aad: Buffer;
}

/** Extractable just until it is wrapped; what is used afterwards is unwrapped, and is not. */
export async function create(deps: WrappingDeps, under: Under, session: Handle): Promise<Buffer> {
  const { module, options } = deps.token;
  const flags = template({ extractable: true, sensitive: options.mechanisms.sensitive });
  const key = await module.C_GenerateKeyAsync(session, { mechanism: CKM.CKM_AES_KEY_GEN }, [
    ...flags,
    { type: CKA.VALUE_LEN, value: KEK_BYTES },
  ]);
  return wrapAndDestroy(deps, under, session, key);
}

/** The same key under another master key. Between the two it is an object of the session, and never outside of the token. */
export async function rewrap(
  deps: WrappingDeps,
  bytes: Verified,
  under: Under,
  session: Handle,
): Promise<Buffer> {
  return wrapAndDestroy(deps, under, session, await unwrap(deps, bytes, session, 'wrap'));
}

async function wrapAndDestroy(
  { token, masterKeys, wrapMechanism }: WrappingDeps,
  { rootKey, aad }: Under,
  session: Handle,
  key: Handle,
): Promise<Buffer> {
  const { module, options } = token;
  try {
    const { mkek, mac } = masterKeys.named(rootKey);
    const room = Buffer.alloc(KEK_BYTES * 4);
    const kwp = await module.C_WrapKeyAsync(session, { mechanism: wrapMechanism }, mkek, key, room);
    module.C_SignInit(session, { mechanism: options.mechanisms.mac }, mac);
    const signature = await module.C_SignAsync(
      session,
      Buffer.concat([aad, kwp]),
      Buffer.alloc(MAC_BYTES * 2),
    );
    return encodeWrappedKek({ suite: 'kwp-mac', rootKey, wrapped: Buffer.concat([kwp, signature]) });
  } finally {
    module.C_DestroyObject(session, key);
  }
}
