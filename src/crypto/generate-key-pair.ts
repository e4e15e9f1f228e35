import { generateKeyPair as generate } from 'node:crypto';
import type { PairKind } from '../model/key-kind.ts';
import { Payload } from '../model/payload.ts';

/** Both halves as the API hands them out: PKCS#8 and SubjectPublicKeyInfo, DER for DSA and PEM for all others. */
export interface KeyPair {
  readonly privateKey: Payload;
  readonly publicKey: Payload;
}

/** The lengths of each kind, in bits. */
export const PAIR_BITS: Readonly<Record<PairKind, readonly number[]>> = {
  rsa: [1024, 2048, 4096],
  dsa: [1024, 2048, 4096],
  ecdsa: [256, 384],
  ed25519: [256],
};

/** FIPS 186-4 section 4.2: the prime divisor that goes with a modulus. */
const divisorLength = (modulusLength: number): number => (modulusLength < 2048 ? 160 : 256);

/** NIST's curves by the length of their field (FIPS 186-5). */
const CURVES: Readonly<Record<number, string>> = { 256: 'P-256', 384: 'P-384' };

/** In Node's thread pool, never on the event loop. With a passphrase the private key is encrypted: PBES2, AES-256-CBC. */
export function generateKeyPair(
  kind: PairKind,
  bits: number,
  passphrase: Payload | undefined,
): Promise<KeyPair> {
  // Node takes bytes, which can be wiped; its types know text only.
  const locked = { cipher: 'aes-256-cbc', passphrase: passphrase?.bytes() as unknown as string };
  return new Promise((resolve, reject) => {
    const answered = (error: Error | null, publicKey: string | Buffer, privateKey: string | Buffer): void => {
      if (error === null) resolve({ privateKey: owned(privateKey), publicKey: owned(publicKey) });
      else reject(error);
    };
    const spki = { type: 'spki' } as const;
    const pkcs8 = { type: 'pkcs8', ...(passphrase === undefined ? {} : locked) } as const;
    const pem = {
      publicKeyEncoding: { ...spki, format: 'pem' },
      privateKeyEncoding: { ...pkcs8, format: 'pem' },
    } as const;
    switch (kind) {
      case 'rsa':
        return generate('rsa', { modulusLength: bits, ...pem }, answered);
      case 'ecdsa':
        return generate('ec', { namedCurve: CURVES[bits] ?? '', ...pem }, answered);
      case 'ed25519':
        return generate('ed25519', pem, answered);
      case 'dsa': {
        const publicKeyEncoding = { ...spki, format: 'der' } as const;
        const privateKeyEncoding = { ...pkcs8, format: 'der' } as const;
        const options = { modulusLength: bits, divisorLength: divisorLength(bits) };
        return generate('dsa', { ...options, publicKeyEncoding, privateKeyEncoding }, answered);
      }
    }
  });
}

const owned = (key: string | Buffer): Payload =>
  typeof key === 'string' ? Payload.copy(Buffer.from(key, 'latin1')) : Payload.own(key);
