import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from 'node:crypto';
import { IntegrityError } from '../errors.ts';

export const KEY_BYTES = 32;
/** The size NIST SP 800-38D section 8.2 has a fast, collision-free path for; random, so 2^32 uses per key at most. */
export const IV_BYTES = 12;
/** Always whole: a shorter tag would be a weaker promise, and Node takes any length it is not told to refuse. */
export const TAG_BYTES = 16;

const CIPHER = 'aes-256-gcm';
const WHOLE_TAG = { authTagLength: TAG_BYTES };

/** Long-lived keys are `KeyObject`s, in native memory and in no heap snapshot; a key used once is a buffer to be wiped. */
export type AesKey = KeyObject | Buffer;

/** Fills the buffer with random bytes. A test passes its own to meet a known answer. */
export type Randomness = (target: Buffer) => void;
export const systemRandomness: Randomness = randomFillSync;

export interface Sealed {
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** AES-256-GCM. The caller must never give one IV twice to one key. */
export function seal(key: AesKey, iv: Buffer, aad: Buffer, plaintext: Buffer): Sealed {
  const cipher = createCipheriv(CIPHER, key, iv, WHOLE_TAG);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
}

/** The plaintext in a buffer of its own, the caller's to wipe; `IntegrityError` and no bytes when the tag is wrong. */
export function open(key: AesKey, iv: Buffer, aad: Buffer, { ciphertext, tag }: Sealed): Buffer {
  const decipher = createDecipheriv(CIPHER, key, iv, WHOLE_TAG);
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  // Node hands the plaintext out before the tag is checked: nobody may see it until `final` has spoken.
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch (cause) {
    plaintext.fill(0);
    throw new IntegrityError('', { detail: 'the authentication tag does not match', cause });
  }
  return plaintext;
}
