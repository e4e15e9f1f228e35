import { timingSafeEqual, type KeyObject } from 'node:crypto';
import { IntegrityError } from '../errors.ts';
import type { KekId } from '../model/ids.ts';
import { dekAad, directAad, payloadAad, payloadScope, type PayloadContext } from './aad.ts';
import { CONTENT_GCM, decodeSealed, encodeSealed, suiteByte, type SealedBlob } from './envelope.ts';
import { IV_BYTES, KEY_BYTES, open, seal, systemRandomness, type Randomness } from './seal.ts';
import { unwrapKey, wrapKey } from './wrap.ts';

/** An unwrapped project KEK. */
export interface Kek {
  readonly id: KekId;
  /** The id's 16 octets. */
  readonly octets: Buffer;
  readonly version: number;
  readonly key: KeyObject;
}

const NO_DEK = Buffer.alloc(0);

/** Profile E: a data key of its own for each payload, wrapped by the KEK. */
export function sealEnvelope(
  kek: Kek,
  context: PayloadContext,
  plaintext: Buffer,
  randomness: Randomness = systemRandomness,
): Buffer {
  // One draw for all three: data key, IV of its wrapping, IV of the payload.
  const drawn = Buffer.allocUnsafeSlow(KEY_BYTES + 2 * IV_BYTES);
  randomness(drawn);
  const dek = drawn.subarray(0, KEY_BYTES);
  const wrapIv = drawn.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
  const iv = drawn.subarray(KEY_BYTES + IV_BYTES);
  const scope = payloadScope(context);
  try {
    const wrappedDek = wrapKey('gcm', kek, dekAad(scope, kek.octets, suiteByte('gcm')), dek, wrapIv);
    const { ciphertext, tag } = seal(dek, iv, payloadAad(scope, CONTENT_GCM, plaintext.length), plaintext);
    return encodeSealed('gcm', kek.octets, { wrappedDek, iv, ciphertext, tag });
  } finally {
    drawn.fill(0);
  }
}

/** Profile D: the KEK seals the payload itself. */
export function sealDirect(
  kek: Kek,
  context: PayloadContext,
  plaintext: Buffer,
  randomness: Randomness = systemRandomness,
): Buffer {
  const iv = Buffer.allocUnsafeSlow(IV_BYTES);
  randomness(iv);
  const aad = directAad(
    payloadScope(context),
    { id: kek.octets, version: kek.version },
    CONTENT_GCM,
    plaintext.length,
  );
  const { ciphertext, tag } = seal(kek.key, iv, aad, plaintext);
  return encodeSealed('none', kek.octets, { wrappedDek: NO_DEK, iv, ciphertext, tag });
}

/** The KEK that a payload is under, and the one it is to be under. */
export interface KekChange {
  readonly from: Kek;
  readonly to: Kek;
}

/** Profile E under another KEK: its data key is wrapped anew and unwrapped again, its payload is not touched. */
export function rewrapEnvelope(
  { from, to }: KekChange,
  context: PayloadContext,
  blob: Buffer,
  randomness: Randomness = systemRandomness,
): Buffer {
  const sealed = decodeSealed(blob);
  const scope = payloadScope(context);
  const wrapIv = Buffer.allocUnsafeSlow(IV_BYTES);
  randomness(wrapIv);
  const aad = dekAad(scope, to.octets, suiteByte('gcm'));
  const dek = unwrapDek(from, scope, sealed);
  try {
    const wrappedDek = wrapKey('gcm', to, aad, dek, wrapIv);
    requireSameBytes(unwrapKey('gcm', to, aad, wrappedDek), dek);
    return encodeSealed('gcm', to.octets, { ...sealed, wrappedDek });
  } finally {
    dek.fill(0);
  }
}

/** What was just wrapped or sealed comes back as it went in, or it counts for nothing. Wipes what came back. */
export function requireSameBytes(back: Buffer, bytes: Buffer): void {
  const isSame = back.length === bytes.length && timingSafeEqual(back, bytes);
  back.fill(0);
  if (!isSame) throw new IntegrityError('', { detail: 'what was sealed again comes back as something else' });
}

/** Opens either profile. `blob` must name `kek`; the plaintext is the caller's to wipe. */
export function openSealed(kek: Kek, context: PayloadContext, blob: Buffer): Buffer {
  const sealed = decodeSealed(blob);
  if (sealed.content !== 'gcm') throw new IntegrityError('', { detail: 'a payload that only a token opens' });
  requireNamed(kek, sealed);
  const scope = payloadScope(context);
  return sealed.suite === 'none' ? openDirect(kek, scope, sealed) : openEnvelope(kek, scope, sealed);
}

function openDirect(kek: Kek, scope: Buffer, sealed: SealedBlob): Buffer {
  const aad = directAad(
    scope,
    { id: kek.octets, version: kek.version },
    CONTENT_GCM,
    sealed.ciphertext.length,
  );
  return open(kek.key, sealed.iv, aad, sealed);
}

function openEnvelope(kek: Kek, scope: Buffer, sealed: SealedBlob): Buffer {
  const dek = unwrapDek(kek, scope, sealed);
  try {
    return open(dek, sealed.iv, payloadAad(scope, CONTENT_GCM, sealed.ciphertext.length), sealed);
  } finally {
    dek.fill(0);
  }
}

/** The caller's to wipe. */
function unwrapDek(kek: Kek, scope: Buffer, sealed: SealedBlob): Buffer {
  requireNamed(kek, sealed);
  const aad = dekAad(scope, kek.octets, suiteByte(sealed.suite));
  const dek = unwrapKey(sealed.suite, kek, aad, sealed.wrappedDek);
  if (dek.length === KEY_BYTES) return dek;
  dek.fill(0);
  throw new IntegrityError('', { detail: 'a data key has the wrong length' });
}

function requireNamed(kek: Kek, sealed: SealedBlob): void {
  if (sealed.kekId !== kek.id) throw new IntegrityError('', { detail: 'a sealed payload names another KEK' });
}
