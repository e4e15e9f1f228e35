import { createSecretKey, randomFillSync, type KeyObject } from 'node:crypto';
import { dekAad, payloadAad, payloadScope, type PayloadContext } from '../../src/crypto/aad.ts';
import {
  CONTENT_GCM,
  decodeSealed,
  encodeKekId,
  encodeSealed,
  suiteByte,
  type SealedBlob,
} from '../../src/crypto/envelope.ts';
import { createKeyCache } from '../../src/crypto/key-cache.ts';
import { IV_BYTES, KEY_BYTES, open, seal, TAG_BYTES } from '../../src/crypto/seal.ts';
import { openSealed, sealEnvelope, type Kek } from '../../src/crypto/sealed-payload.ts';
import { unwrapKey } from '../../src/crypto/wrap.ts';
import { IntegrityError } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KekId } from '../../src/model/ids.ts';
import type { KekRecord } from '../../src/repositories/keks.ts';
import type { Sealer } from '../../src/stores/secret-store.ts';
import type { UseCounts } from '../../src/stores/use-counts.ts';
import type { Pkcs11Options } from './options.ts';
import type { ProjectKeks } from './project-keks.ts';
import type { TokenClient } from './token-client.ts';

export interface TokenSealerDeps {
  readonly store: string;
  readonly options: Pick<Pkcs11Options, 'mode' | 'kek_cache'>;
  readonly token: TokenClient;
  readonly keks: ProjectKeks;
  readonly uses: UseCounts;
}

/** What each mode does its own way; what the others left it opens all the same. */
interface Sealing {
  seal(kek: KekRecord, context: PayloadContext, payload: Buffer): Promise<Buffer>;
  /** Where the KEK or the data key comes out of the token, `kek` is at hand. */
  open(kek: KekRecord, context: PayloadContext, sealed: SealedBlob, blob: Buffer): Promise<Buffer>;
}

export function createTokenSealer(deps: TokenSealerDeps): Sealer {
  const { store, keks, uses } = deps;
  const sealing = sealingOf(deps);
  return {
    seal: async (secret, payload) => {
      const kek = await keks.active(secret.projectId);
      const blob = await sealing.seal(kek, contextOf(store, secret), payload.bytes());
      uses.count(kek.id);
      return { kekId: kek.id, blob };
    },
    open: async (secret, sealed) => {
      try {
        return Payload.own(await openRow(deps, sealing, secret, sealed));
      } catch (error) {
        throw located(error, store, secret);
      }
    },
  };
}

export const contextOf = (store: string, { id, projectId }: SecretHeader): PayloadContext => ({
  store,
  projectId,
  secretId: id,
});

async function openRow(
  { store, keks }: TokenSealerDeps,
  sealing: Sealing,
  secret: SecretHeader,
  { kekId, blob }: SealedPayload,
): Promise<Buffer> {
  const kek = await keks.byId(kekId);
  // The associated data would not match either; this says why.
  if (kek.projectId !== secret.projectId)
    throw new IntegrityError('', { detail: 'a KEK of another project' });
  const sealed = decodeSealed(blob);
  if (sealed.kekId !== kekId) throw new IntegrityError('', { detail: 'a sealed payload names another KEK' });
  return sealing.open(kek, contextOf(store, secret), sealed, blob);
}

/** Whoever is paged needs to know which row. */
function located(error: unknown, store: string, { id }: SecretHeader): unknown {
  if (!(error instanceof IntegrityError)) return error;
  return new IntegrityError('', {
    detail: `secret ${id} in store "${store}": ${error.detail ?? ''}`,
    cause: error,
  });
}

function sealingOf(deps: TokenSealerDeps): Sealing {
  const { options, token } = deps;
  const inToken: Sealing = {
    seal: (kek, context, payload) => token.seal(kek, payloadScope(context), payload),
    open: (kek, context, sealed, blob) =>
      sealed.suite === 'none'
        ? token.open(kek, payloadScope(context), blob)
        : openWithTokenDek(token, kek, context, sealed),
  };
  if (options.mode === 'T') return inToken;
  if (options.mode === 'W')
    return { ...inToken, seal: (kek, context, payload) => sealWithTokenDek(token, kek, context, payload) };
  const keys = createRevealedKeks(deps);
  return {
    seal: async (kek, context, payload) => sealEnvelope(await keys(kek), context, payload),
    // The MAC key of `cbc-mac` never leaves the token.
    open: async (kek, context, sealed, blob) =>
      sealed.content === 'cbc-mac'
        ? inToken.open(kek, context, sealed, blob)
        : openHere(await keys(kek), context, sealed, blob),
  };
}

/** Mode W: a data key for each payload, wrapped by the KEK inside the token (profile E, suite `gcm-token`). */
async function sealWithTokenDek(
  token: TokenClient,
  kek: KekRecord,
  context: PayloadContext,
  payload: Buffer,
): Promise<Buffer> {
  const drawn = randomFillSync(Buffer.allocUnsafeSlow(KEY_BYTES + 2 * IV_BYTES));
  const dek = drawn.subarray(0, KEY_BYTES);
  const wrapIv = drawn.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
  const iv = drawn.subarray(KEY_BYTES + IV_BYTES);
  const scope = payloadScope(context);
  const octets = encodeKekId(kek.id);
  try {
    const aad = dekAad(scope, octets, suiteByte('gcm-token'));
    const { ciphertext, tag } = seal(dek, iv, payloadAad(scope, CONTENT_GCM, payload.length), payload);
    const wrapped = await token.wrapDek(kek, { aad, iv: wrapIv, bytes: dek });
    const wrappedDek = Buffer.concat([wrapIv, wrapped]);
    return encodeSealed('gcm-token', octets, { wrappedDek, iv, ciphertext, tag });
  } finally {
    drawn.fill(0);
  }
}

/** A data key wrapped by GCM, by whomever, is unwrapped by the token: the bytes are the same. */
async function openWithTokenDek(
  token: TokenClient,
  kek: KekRecord,
  context: PayloadContext,
  sealed: SealedBlob,
): Promise<Buffer> {
  const { suite, wrappedDek } = sealed;
  if (suite !== 'gcm' && suite !== 'gcm-token')
    throw new IntegrityError('', { detail: `a data key wrapped by suite ${suite}` });
  const aad = dekAad(payloadScope(context), encodeKekId(kek.id), suiteByte(suite));
  const iv = wrappedDek.subarray(0, IV_BYTES);
  const dek = await token.unwrapDek(kek, { aad, iv, bytes: wrappedDek.subarray(IV_BYTES) });
  return openContent(dek, context, sealed);
}

function openContent(dek: Buffer, context: PayloadContext, sealed: SealedBlob): Buffer {
  try {
    if (dek.length !== KEY_BYTES) throw new IntegrityError('', { detail: 'a data key has the wrong length' });
    const aad = payloadAad(payloadScope(context), CONTENT_GCM, sealed.ciphertext.length);
    return open(dek, sealed.iv, aad, sealed);
  } finally {
    dek.fill(0);
  }
}

/** Mode K: the KEK itself is here, for as long as the cache keeps it. */
function openHere(kek: Kek, context: PayloadContext, sealed: SealedBlob, blob: Buffer): Buffer {
  if (sealed.suite !== 'gcm-token') return openSealed(kek, context, blob);
  const aad = dekAad(payloadScope(context), kek.octets, suiteByte('gcm-token'));
  if (sealed.wrappedDek.length !== IV_BYTES + KEY_BYTES + TAG_BYTES)
    throw new IntegrityError('', { detail: 'a data key has the wrong length' });
  return openContent(unwrapKey('gcm', kek, aad, sealed.wrappedDek), context, sealed);
}

function createRevealedKeks({ options, token }: TokenSealerDeps): (kek: KekRecord) => Promise<Kek> {
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
