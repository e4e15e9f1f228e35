import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { IntegrityError, StoreUnavailable } from '../errors.ts';
import type { WrapSuite } from './envelope.ts';
import { IV_BYTES, open, seal, TAG_BYTES } from './seal.ts';

/** Keys that wrap other keys. `mac` is the second key of suite `kwp-mac`. */
export interface WrappingKeys {
  readonly key: KeyObject;
  readonly mac?: KeyObject;
}

/** Suites this process can compute itself; the others need their token or their Vault. */
export type SoftwareSuite = Extract<WrapSuite, 'gcm' | 'kwp' | 'kwp-mac'>;

/** RFC 5649 section 3: the alternative initial value. */
const KWP_IV = Buffer.from('a65959a6', 'hex');
const MAC_BYTES = 32;
/** RFC 5649 section 4: two blocks of 8 bytes at least. OpenSSL calls no bytes at all a success. */
const KWP_BLOCK_BYTES = 8;

/** `iv` is for suite `gcm`, which needs a fresh one for each wrap; KWP has none. */
export function wrapKey(
  suite: SoftwareSuite,
  keys: WrappingKeys,
  aad: Buffer,
  plain: Buffer,
  iv: Buffer,
): Buffer {
  if (suite === 'gcm') {
    const { ciphertext, tag } = seal(keys.key, iv, aad, plain);
    return Buffer.concat([iv, ciphertext, tag]);
  }
  const wrapped = wrapKwp(keys.key, plain);
  return suite === 'kwp' ? wrapped : Buffer.concat([wrapped, mac(keys, aad, wrapped)]);
}

/** The key in a buffer of its own, the caller's to wipe; `IntegrityError` when it does not unwrap. */
export function unwrapKey(suite: WrapSuite, keys: WrappingKeys, aad: Buffer, wrapped: Buffer): Buffer {
  switch (suite) {
    case 'gcm':
      return unwrapGcm(keys.key, aad, wrapped);
    case 'kwp':
      return unwrapKwp(keys.key, wrapped);
    case 'kwp-mac':
      return unwrapKwpMac(keys, aad, wrapped);
    default:
      throw new IntegrityError('', {
        detail: `a key wrapped by suite ${suite} is opened by its device, not in software`,
      });
  }
}

function unwrapGcm(key: KeyObject, aad: Buffer, wrapped: Buffer): Buffer {
  const tagAt = wrapped.length - TAG_BYTES;
  if (tagAt < IV_BYTES) throw new IntegrityError('', { detail: 'a wrapped key is too short' });
  const sealed = { ciphertext: wrapped.subarray(IV_BYTES, tagAt), tag: wrapped.subarray(tagAt) };
  return open(key, wrapped.subarray(0, IV_BYTES), aad, sealed);
}

/** AES key wrap with padding (RFC 5649), by a key of 128, 192 or 256 bits. */
export function wrapKwp(key: KeyObject, plain: Buffer): Buffer {
  const cipher = createCipheriv(kwpCipher(key), key, KWP_IV);
  const wrapped = cipher.update(plain);
  cipher.final();
  return wrapped;
}

export function unwrapKwp(key: KeyObject, wrapped: Buffer): Buffer {
  if (wrapped.length < 2 * KWP_BLOCK_BYTES || wrapped.length % KWP_BLOCK_BYTES !== 0) {
    throw new IntegrityError('', { detail: 'a wrapped key has an impossible length' });
  }
  try {
    const decipher = createDecipheriv(kwpCipher(key), key, KWP_IV);
    const plain = decipher.update(wrapped);
    decipher.final();
    return plain;
  } catch (cause) {
    throw new IntegrityError('', { detail: 'a wrapped key does not unwrap', cause });
  }
}

function unwrapKwpMac(keys: WrappingKeys, aad: Buffer, wrapped: Buffer): Buffer {
  const macAt = wrapped.length - MAC_BYTES;
  if (macAt <= 0) throw new IntegrityError('', { detail: 'a wrapped key is too short' });
  const kwp = wrapped.subarray(0, macAt);
  if (!timingSafeEqual(mac(keys, aad, kwp), wrapped.subarray(macAt))) {
    throw new IntegrityError('', { detail: 'the MAC of a wrapped key does not match' });
  }
  return unwrapKwp(keys.key, kwp);
}

function mac(keys: WrappingKeys, aad: Buffer, wrapped: Buffer): Buffer {
  if (keys.mac === undefined) {
    throw new StoreUnavailable('no MAC key is configured for suite kwp-mac');
  }
  return createHmac('sha256', keys.mac).update(aad).update(wrapped).digest();
}

function kwpCipher(key: KeyObject): string {
  return `id-aes${(key.symmetricKeySize ?? 0) * 8}-wrap-pad`;
}
