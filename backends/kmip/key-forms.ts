import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { CryptographicAlgorithm } from '../../src/ttlv/key-enums.ts';
import { isAtLeast, type Version } from '../../src/ttlv/versions.ts';
import type { Form, FormOptions } from './forms.ts';
import { pairUsage } from './usage.ts';

type PairType = 'private' | 'public';

/**
 * DER as the object it is. Only where OpenSSL writes the very same bytes again: then any server that understands them gives
 * them back. PEM has line ends and headers that no server keeps, so it is none of these.
 */
export function keyForm(
  type: PairType | 'certificate',
  bytes: Buffer,
  options: FormOptions,
): Form | undefined {
  return type === 'certificate' ? certificateForm(bytes, options) : pairForm(type, bytes, options);
}

function certificateForm(value: Buffer, { usage }: FormOptions): Form | undefined {
  const parsed = attempted(() => new X509Certificate(value));
  if (parsed?.raw.equals(value) !== true) return undefined;
  return { object: { type: 'Certificate', certificateType: 'X.509', value }, usage: usage.certificate };
}

function pairForm(type: PairType, material: Buffer, { usage, version }: FormOptions): Form | undefined {
  const key = attempted(() => canonicalKey(type, material));
  const sorted = key && sortOf(key, version);
  if (sorted === undefined) return undefined;
  return type === 'private'
    ? {
        object: { type: 'Private Key', block: { format: 'PKCS#8', material, ...sorted } },
        usage: pairUsage(sorted.algorithm, usage.private),
      }
    : {
        object: { type: 'Public Key', block: { format: 'X.509', material, ...sorted } },
        usage: pairUsage(sorted.algorithm, usage.public),
      };
}

function canonicalKey(type: PairType, der: Buffer): KeyObject | undefined {
  const key =
    type === 'private'
      ? createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      : createPublicKey({ key: der, format: 'der', type: 'spki' });
  const again = derOf(key);
  try {
    return again.equals(der) ? key : undefined;
  } finally {
    again.fill(0);
  }
}

/** PKCS#8 (RFC 5958) of a private key, SubjectPublicKeyInfo (RFC 5280) of a public one. */
export const derOf = (key: KeyObject): Buffer =>
  key.type === 'private'
    ? key.export({ type: 'pkcs8', format: 'der' })
    : key.export({ type: 'spki', format: 'der' });

interface Sort {
  readonly algorithm: CryptographicAlgorithm;
  readonly length: number;
}

const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
  secp224r1: 224,
  secp256k1: 256,
};

function sortOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, version: Version): Sort | undefined {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  switch (asymmetricKeyType) {
    case 'rsa':
      return sort('RSA', modulusLength);
    case 'dsa':
      return sort('DSA', modulusLength);
    case 'ec':
      return sort(curveAlgorithm(version), CURVE_BITS[namedCurve ?? '']);
    case 'ed25519':
      return isAtLeast(version, '2.0') ? sort('Ed25519', 256) : undefined;
    default:
      return undefined;
  }
}

const sort = (algorithm: CryptographicAlgorithm, length: number | undefined): Sort | undefined =>
  length === undefined ? undefined : { algorithm, length };

/** EC took the place of ECDSA and its kin in 1.2. */
export const curveAlgorithm = (version: Version): CryptographicAlgorithm =>
  isAtLeast(version, '1.2') ? 'EC' : 'ECDSA';

/** What callers store as keys is often none. */
function attempted<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
