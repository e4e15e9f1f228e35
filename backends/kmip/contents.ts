import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { IntegrityError, StoreRejected } from '../../src/errors.ts';
import type { SecretHeader, SecretType } from '../../src/model/secret.ts';
import { type KeyBlock, keyBytes } from '../../src/ttlv/key-block.ts';
import type { KeyFormatType } from '../../src/ttlv/key-enums.ts';
import type { KeyObject as KmipKey, ManagedObject, ManagedType } from '../../src/ttlv/objects.ts';
import { derOf } from './key-forms.ts';
import type { Origin } from './names.ts';

const OWN_TYPES: Readonly<Record<SecretType, ManagedType | undefined>> = {
  symmetric: 'Symmetric Key',
  passphrase: 'Secret Data',
  private: 'Private Key',
  public: 'Public Key',
  certificate: 'Certificate',
  opaque: undefined,
};

/**
 * The payload that an object holds, in a buffer of its own. Throws `IntegrityError` for an object of a type that we never
 * keep such a secret as, and `StoreRejected` for a key in a form that we cannot turn into the one we gave.
 */
export function contentsOf(
  object: ManagedObject,
  secret: SecretHeader,
  origin: Origin,
  place: string,
): Buffer {
  const isFree = object.type === 'Opaque Object' || object.type === 'Secret Data';
  if (!isFree && object.type !== OWN_TYPES[secret.secretType])
    throw new IntegrityError('', { detail: `${place}: secret ${secret.id} is a ${object.type} there` });
  switch (object.type) {
    case 'Certificate':
    case 'Opaque Object':
      return copied(object.value);
    case 'Secret Data':
    case 'Symmetric Key':
      return copied(keyBytes(object.block));
    case 'Private Key':
    case 'Public Key':
      return pairBytes(object, origin, place);
  }
}

/** Outside Node's pool, and without wiping what it was taken from. */
function copied(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** What we put comes back untouched in the format we sent; else it is brought back into that format. */
function pairBytes({ type, block }: KmipKey, origin: Origin, place: string): Buffer {
  const asSent: KeyFormatType = type === 'Private Key' ? 'PKCS#8' : 'X.509';
  if (origin === 'put' && block.format === asSent) return copied(keyBytes(block));
  const key = parsedKey(type, block, place);
  return origin === 'put' ? derOf(key) : pemOf(key);
}

function pemOf(key: KeyObject): Buffer {
  const text =
    key.type === 'private'
      ? key.export({ type: 'pkcs8', format: 'pem' })
      : key.export({ type: 'spki', format: 'pem' });
  const pooled = Buffer.from(text);
  try {
    return copied(pooled);
  } finally {
    pooled.fill(0);
  }
}

const PRIVATE_FORMATS: Readonly<Partial<Record<KeyFormatType, 'pkcs1' | 'pkcs8' | 'sec1'>>> = {
  'PKCS#1': 'pkcs1',
  'PKCS#8': 'pkcs8',
  'EC Private Key': 'sec1',
};
const PUBLIC_FORMATS: Readonly<Partial<Record<KeyFormatType, 'pkcs1' | 'spki'>>> = {
  'PKCS#1': 'pkcs1',
  'X.509': 'spki',
};

function parsedKey(type: KmipKey['type'], block: KeyBlock, place: string): KeyObject {
  try {
    const key = keyBytes(block);
    const format = 'der';
    if (type === 'Private Key') {
      const privateType = PRIVATE_FORMATS[block.format];
      if (privateType !== undefined) return createPrivateKey({ key, format, type: privateType });
    } else {
      const publicType = PUBLIC_FORMATS[block.format];
      if (publicType !== undefined) return createPublicKey({ key, format, type: publicType });
    }
  } catch (cause) {
    throw new StoreRejected(`${place} gave a ${type} that cannot be read as ${block.format}`, { cause });
  }
  throw new StoreRejected(`${place} gave a ${type} as ${block.format}, which is not understood`);
}
