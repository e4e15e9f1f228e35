import { createSecretKey, randomFillSync, type KeyObject } from 'node:crypto';
import { dekAad, payloadAad, payloadScope, type PayloadContext } from '../../src/crypto/aad.ts';
import {
  CONTENT_GCM,
  encodeKekId,
  encodeSealed,
  suiteByte,
  type SealedBlob,
  type WrapSuite,
} from '../../src/crypto/envelope.ts';
import { createKeyCache } from '../../src/crypto/key-cache.ts';
import { IV_BYTES, KEY_BYTES, open, seal, TAG_BYTES } from '../../src/crypto/seal.ts';
import { openSealed, sealEnvelope, type Kek } from '../../src/crypto/sealed-payload.ts';
import { unwrapKey, wrapKey } from '../../src/crypto/wrap.ts';
import { IntegrityError } from '../../src/errors.ts';
import type { KekId } from '../../src/model/ids.ts';
import type { KekRecord } from '../../src/model/kek.ts';
import type { Pkcs11Options } from './options.ts';
import type { TokenClient } from './token-client.ts';

export interface SealingDeps {
  readonly options: Pick<Pkcs11Options, 'mode' | 'kek_cache'>;
  readonly token: TokenClient;
}

/** A data key in the form in which its payload carries it. */
export interface WrappedDek {
  readonly suite: WrapSuite;
  readonly wrappedDek: Buffer;
}

/** What each mode does its own way; what the others left it opens all the same. */
export interface Sealing {
  seal(kek: KekRecord, context: PayloadContext, payload: Buffer): Promise<Buffer>;
  /** The caller's to wipe. `sealed` are the parts of `blob`. */
  open(kek: KekRecord, context: PayloadContext, sealed: SealedBlob, blob: Buffer): Promise<Buffer>;
  wrapDek(kek: KekRecord, context: PayloadContext, dek: Buffer): Promise<WrappedDek>;
  /** The caller's to wipe. */
  unwrapDek(kek: KekRecord, context: PayloadContext, wrapped: WrappedDek): Promise<Buffer>;
}

export function createSealing(deps: SealingDeps): Sealing {
  const inToken = sealingInToken(deps.token);
  const { mode } = deps.options;
  if (mode === 'T') return inToken;
  return mode === 'W' ? { ...inToken, seal: sealingByDek(inToken) } : sealingHere(deps, inToken);
}

/** Mode T: the token has the KEK, and the payload passes through it. */
function sealingInToken(token: TokenClient): Sealing {
  const unwrapDek: Sealing['unwrapDek'] = async (kek, context, wrapped) => {
    const { aad, iv, rest } = partsOf(kek, context, wrapped);
    return wholeKey(await token.unwrapDek(kek, { aad, iv, bytes: rest }));
  };
  return {
    seal: (kek, context, payload) => token.seal(kek, payloadScope(context), payload),
    open: async (kek, context, sealed, blob) =>
      sealed.suite === 'none'
        ? token.open(kek, payloadScope(context), blob)
        : openContent(await unwrapDek(kek, context, sealed), context, sealed),
    wrapDek: async (kek, context, dek) => {
      const iv = randomFillSync(Buffer.allocUnsafeSlow(IV_BYTES));
      const aad = dekAadOf(kek, context, 'gcm-token');
      const wrapped = await token.wrapDek(kek, { aad, iv, bytes: dek });
      return { suite: 'gcm-token', wrappedDek: Buffer.concat([iv, wrapped]) };
    },
    unwrapDek,
  };
}

/** Mode W: a data key for each payload, wrapped by the KEK inside the token (profile E, suite `gcm-token`). */
const sealingByDek =
  ({ wrapDek }: Pick<Sealing, 'wrapDek'>): Sealing['seal'] =>
  async (kek, context, payload) => {
    const drawn = randomFillSync(Buffer.allocUnsafeSlow(KEY_BYTES + IV_BYTES));
    const [dek, iv] = [drawn.subarray(0, KEY_BYTES), drawn.subarray(KEY_BYTES)];
    try {
      const aad = payloadAad(payloadScope(context), CONTENT_GCM, payload.length);
      const { ciphertext, tag } = seal(dek, iv, aad, payload);
      const { suite, wrappedDek } = await wrapDek(kek, context, dek);
      return encodeSealed(suite, encodeKekId(kek.id), { wrappedDek, iv, ciphertext, tag });
    } finally {
      drawn.fill(0);
    }
  };

/** Mode K: the KEK itself is here, for as long as the cache keeps it. */
function sealingHere(deps: SealingDeps, inToken: Sealing): Sealing {
  const keys = createRevealedKeks(deps);
  const unwrapDek: Sealing['unwrapDek'] = async (kek, context, wrapped) => {
    const { aad } = partsOf(kek, context, wrapped);
    return wholeKey(unwrapKey('gcm', await keys(kek), aad, wrapped.wrappedDek));
  };
  return {
    seal: async (kek, context, payload) => sealEnvelope(await keys(kek), context, payload),
    // The MAC key of `cbc-mac` never leaves the token.
    open: async (kek, context, sealed, blob) => {
      if (sealed.content === 'cbc-mac') return inToken.open(kek, context, sealed, blob);
      if (sealed.suite === 'none') return openSealed(await keys(kek), context, blob);
      return openContent(await unwrapDek(kek, context, sealed), context, sealed);
    },
    wrapDek: async (kek, context, dek) => {
      const iv = randomFillSync(Buffer.allocUnsafeSlow(IV_BYTES));
      const wrappedDek = wrapKey('gcm', await keys(kek), dekAadOf(kek, context, 'gcm'), dek, iv);
      return { suite: 'gcm', wrappedDek };
    },
    unwrapDek,
  };
}

const dekAadOf = (kek: KekRecord, context: PayloadContext, suite: WrapSuite): Buffer =>
  dekAad(payloadScope(context), encodeKekId(kek.id), suiteByte(suite));

/** A data key wrapped by GCM, by whomever, is unwrapped wherever the KEK is: the bytes are the same. */
function partsOf(
  kek: KekRecord,
  context: PayloadContext,
  { suite, wrappedDek }: WrappedDek,
): { readonly aad: Buffer; readonly iv: Buffer; readonly rest: Buffer } {
  if (suite !== 'gcm' && suite !== 'gcm-token')
    throw new IntegrityError('', { detail: `a data key wrapped by suite ${suite}` });
  if (wrappedDek.length !== IV_BYTES + KEY_BYTES + TAG_BYTES) refuseLength();
  const aad = dekAadOf(kek, context, suite);
  return { aad, iv: wrappedDek.subarray(0, IV_BYTES), rest: wrappedDek.subarray(IV_BYTES) };
}

function wholeKey(dek: Buffer): Buffer {
  if (dek.length === KEY_BYTES) return dek;
  dek.fill(0);
  return refuseLength();
}

function refuseLength(): never {
  throw new IntegrityError('', { detail: 'a data key has the wrong length' });
}

function openContent(dek: Buffer, context: PayloadContext, sealed: SealedBlob): Buffer {
  try {
    const aad = payloadAad(payloadScope(context), CONTENT_GCM, sealed.ciphertext.length);
    return open(dek, sealed.iv, aad, sealed);
  } finally {
    dek.fill(0);
  }
}

function createRevealedKeks({ options, token }: SealingDeps): (kek: KekRecord) => Promise<Kek> {
  const { entries, ttl } = options.kek_cache;
  const cache = createKeyCache<KekId, KeyObject>({ maxEntries: entries, ttlMs: ttl * 1_000 });
  return async (kek) => {
    const key = cache.get(kek.id) ?? (await reveal(token, kek));
    cache.set(kek.id, key);
    return { id: kek.id, octets: encodeKekId(kek.id), version: kek.version, key };
  };
}

async function reveal(token: TokenClient, kek: KekRecord): Promise<KeyObject> {
  const bytes = await token.revealKek(kek);
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}
