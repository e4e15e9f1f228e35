import {
  constants,
  createCipheriv,
  createDecipheriv,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { IntegrityError } from '../../src/errors.ts';
import type { DogtagOptions } from './options.ts';

/**
 * The one suite that every KRA from 10.4 on takes: AES-128-CBC with PKCS#7 padding. Asked for AES-256, Dogtag 10.10 says
 * that all went well and keeps nothing; asked for nothing, it uses 3DES. CBC has no tag: that bytes arrive unchanged is
 * TLS's work.
 */
const CIPHER = 'aes-128-cbc';
const BLOCK_BYTES = 16;
const KEY_BYTES = 16;

/** id-aes128-CBC (NIST, 2.16.840.1.101.3.4.1.2), as NSS writes it and Dogtag's own clients send it. */
export const AES_128_CBC_OID = '{2 16 840 1 101 3 4 1 2}';
/** The same by the name that Java has for it. */
export const AES_CBC_NAME = 'AES/CBC/PKCS5Padding';

/** The public key that session keys travel under, and the padding that the KRA expects of it. */
export interface TransportKey {
  readonly key: KeyObject;
  readonly wrap: DogtagOptions['session_key_wrap'];
}

/** Everything base64, as the requests have it. */
export interface SealedForTransport {
  readonly wrappedKey: string;
  readonly iv: string;
  readonly sealed: string;
}

/** The bytes under a session key of their own, and that under the transport key. */
export function sealForTransport(transport: TransportKey, bytes: Buffer): SealedForTransport {
  const key = randomBytes(KEY_BYTES);
  const iv = randomBytes(BLOCK_BYTES);
  try {
    const cipher = createCipheriv(CIPHER, key, iv);
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return {
      wrappedKey: wrapped(transport, key),
      iv: iv.toString('base64'),
      sealed: sealed.toString('base64'),
    };
  } finally {
    key.fill(0);
  }
}

/** A session key for one answer. */
export interface RecoveryKey {
  readonly wrappedKey: string;
  /** The bytes in a buffer of their own; `IntegrityError` when they do not open. */
  open(sealed: string, iv: string): Buffer;
  wipe(): void;
}

export function newRecoveryKey(transport: TransportKey): RecoveryKey {
  const key = randomBytes(KEY_BYTES);
  return {
    wrappedKey: wrapped(transport, key),
    open: (sealed, iv) => open(key, Buffer.from(sealed, 'base64'), Buffer.from(iv, 'base64')),
    wipe: () => void key.fill(0),
  };
}

/** OAEP with SHA-256 for both of its digests, as Dogtag's CryptoUtil has it. */
function wrapped({ key, wrap }: TransportKey, sessionKey: Buffer): string {
  const padding = wrap === 'rsa-oaep' ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING;
  return publicEncrypt({ key, padding, oaepHash: 'sha256' }, sessionKey).toString('base64');
}

function open(key: Buffer, sealed: Buffer, iv: Buffer): Buffer {
  if (iv.length !== BLOCK_BYTES || sealed.length === 0 || sealed.length % BLOCK_BYTES !== 0)
    throw new IntegrityError('', { detail: 'a payload of an impossible length came from the KRA' });
  const decipher = createDecipheriv(CIPHER, key, iv);
  const parts: Buffer[] = [];
  try {
    parts.push(decipher.update(sealed));
    parts.push(decipher.final());
    return ownBytes(parts);
  } catch (cause) {
    throw new IntegrityError('', { detail: 'a payload from the KRA does not open', cause });
  } finally {
    for (const part of parts) part.fill(0);
  }
}

/** Outside Node's shared pool, so that no slice of the pool exposes it. */
function ownBytes(parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(bytes, at);
  return bytes;
}
