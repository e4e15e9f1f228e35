import type { PairKind } from '../../src/model/key-kind.ts';
import { bits, explicit, integer, octets, pem, sequence, withoutOctetString } from './der.ts';
import { CKA, CKM } from './mechanisms.ts';
import type { Handle, Module } from './module.ts';
import { TokenFault } from './rv.ts';

/** PEM: PKCS#8 and SubjectPublicKeyInfo, as the API hands them out. */
export interface PairBytes {
  /** The caller's to wipe. */
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

const oid = (hex: string): Buffer => Buffer.from(hex, 'hex');
const RSA_ENCRYPTION = oid('06092a864886f70d010101');
const NULL = oid('0500');
const EC_PUBLIC_KEY = oid('06072a8648ce3d0201');
const ED25519 = oid('06032b6570');
const CURVES: Readonly<Record<number, { readonly curve: Buffer; readonly fieldBytes: number }>> = {
  256: { curve: oid('06082a8648ce3d030107'), fieldBytes: 32 },
  384: { curve: oid('06052b81040022'), fieldBytes: 48 },
};
const VERSION_0 = integer(Buffer.from([0]));
const VERSION_1 = integer(Buffer.from([1]));
const PUBLIC_EXPONENT = Buffer.from([1, 0, 1]);

type Template = { type: number; value: number | boolean | Buffer }[];

interface Recipe {
  readonly mechanism: number;
  readonly publicTemplate: Template;
  read(of: Reader): PairBytes;
}

type Reader = (half: 'privateKey' | 'publicKey', type: number) => Buffer;

function recipeOf(kind: PairKind, size: number): Recipe | undefined {
  if (kind === 'rsa') return rsa(size);
  if (kind === 'ecdsa') return CURVES[size] && ecdsa(CURVES[size]);
  return kind === 'ed25519' ? ed25519() : undefined;
}

/** The mechanism that makes such a pair, and what it calls the size; undefined where we know of none. */
export const pairMechanism = (kind: PairKind, size: number): number | undefined =>
  recipeOf(kind, size)?.mechanism;

/**
 * A pair from the token's own generator: session objects that exist for as long as it takes to read them out. To be
 * readable at all they are not sensitive; nobody without this session sees them.
 */
export async function generatePair(
  module: Module,
  session: Handle,
  kind: PairKind,
  size: number,
): Promise<PairBytes> {
  const recipe = recipeOf(kind, size);
  if (recipe === undefined)
    throw new TokenFault('not_supported', `no pairs of kind ${kind} and ${size} bits`);
  const { mechanism, publicTemplate } = recipe;
  const pair = await module.C_GenerateKeyPairAsync(
    session,
    { mechanism },
    [...publicTemplate, { type: CKA.TOKEN, value: false }, { type: CKA.VERIFY, value: true }],
    PRIVATE_TEMPLATE,
  );
  const secrets: Buffer[] = [];
  try {
    return recipe.read((half, type) => {
      const [attribute] = module.C_GetAttributeValue(session, pair[half], [{ type }]);
      if (attribute === undefined)
        throw new TokenFault('rejected', 'the token hides a part of a key it made');
      if (half === 'privateKey') secrets.push(attribute.value);
      return attribute.value;
    });
  } finally {
    for (const secret of secrets) secret.fill(0);
    for (const key of [pair.privateKey, pair.publicKey]) module.C_DestroyObject(session, key);
  }
}

const PRIVATE_TEMPLATE: Template = [
  { type: CKA.TOKEN, value: false },
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: false },
  { type: CKA.EXTRACTABLE, value: true },
  { type: CKA.SIGN, value: true },
];

/** RFC 5208 and RFC 5280: each buffer on the way holds the private key, and is wiped. */
function encoded(algorithm: Buffer, inner: Buffer, publicBits: Buffer): PairBytes {
  const der = sequence(VERSION_0, algorithm, octets(inner));
  try {
    return {
      privateKey: pem('PRIVATE KEY', der),
      publicKey: pem('PUBLIC KEY', sequence(algorithm, bits(publicBits))),
    };
  } finally {
    inner.fill(0);
    der.fill(0);
  }
}

/** RFC 8017 appendix A.1. */
const RSA_PARTS = [
  CKA.MODULUS,
  CKA.PUBLIC_EXPONENT,
  CKA.PRIVATE_EXPONENT,
  CKA.PRIME_1,
  CKA.PRIME_2,
  CKA.EXPONENT_1,
  CKA.EXPONENT_2,
  CKA.COEFFICIENT,
];

const rsa = (size: number): Recipe => ({
  mechanism: CKM.CKM_RSA_PKCS_KEY_PAIR_GEN,
  publicTemplate: [
    { type: CKA.MODULUS_BITS, value: size },
    { type: CKA.PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
  ],
  read: (of) => {
    const parts = RSA_PARTS.map((type) => integer(of('privateKey', type)));
    const [modulus, exponent] = parts as [Buffer, Buffer];
    try {
      return encoded(
        sequence(RSA_ENCRYPTION, NULL),
        sequence(VERSION_0, ...parts),
        sequence(modulus, exponent),
      );
    } finally {
      for (const part of parts) part.fill(0);
    }
  },
});

/** RFC 5915; the private key as long as the field, whatever zeros the token leaves out. */
const ecdsa = ({ curve, fieldBytes }: { readonly curve: Buffer; readonly fieldBytes: number }): Recipe => ({
  mechanism: CKM.CKM_EC_KEY_PAIR_GEN,
  publicTemplate: [{ type: CKA.EC_PARAMS, value: curve }],
  read: (of) => {
    const point = withoutOctetString(of('publicKey', CKA.EC_POINT));
    const value = of('privateKey', CKA.VALUE);
    const scalar = Buffer.concat([
      Buffer.alloc(Math.max(0, fieldBytes - value.length)),
      value.subarray(-fieldBytes),
    ]);
    try {
      const inner = sequence(VERSION_1, octets(scalar), explicit(1, bits(point)));
      return encoded(sequence(EC_PUBLIC_KEY, curve), inner, point);
    } finally {
      scalar.fill(0);
    }
  },
});

/** RFC 8410 section 7: an OCTET STRING within the OCTET STRING. */
const ed25519 = (): Recipe => ({
  mechanism: CKM.CKM_EC_EDWARDS_KEY_PAIR_GEN,
  publicTemplate: [{ type: CKA.EC_PARAMS, value: ED25519 }],
  read: (of) => {
    const point = withoutOctetString(of('publicKey', CKA.EC_POINT));
    return encoded(sequence(ED25519), octets(of('privateKey', CKA.VALUE)), point);
  },
});
