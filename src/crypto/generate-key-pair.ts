import { generateKeyPair as generate } from 'node:crypto';
import { Payload } from '../model/payload.ts';

/** Both halves as the API hands them out: PKCS#8 and SubjectPublicKeyInfo, PEM for RSA and DER for DSA. */
export interface KeyPair {
  readonly privateKey: Payload;
  readonly publicKey: Payload;
}

/** FIPS 186-4 section 4.2: the prime divisor that goes with a modulus. */
const divisorLength = (modulusLength: number): number => (modulusLength < 2048 ? 160 : 256);

/** In Node's thread pool, never on the event loop. With a passphrase the private key is encrypted: PBES2, AES-256-CBC. */
export function generateKeyPair(
  kind: 'rsa' | 'dsa',
  modulusLength: number,
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
    if (kind === 'rsa') {
      const publicKeyEncoding = { ...spki, format: 'pem' } as const;
      const privateKeyEncoding = { ...pkcs8, format: 'pem' } as const;
      generate('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding }, answered);
      return;
    }
    const publicKeyEncoding = { ...spki, format: 'der' } as const;
    const privateKeyEncoding = { ...pkcs8, format: 'der' } as const;
    const options = { modulusLength, divisorLength: divisorLength(modulusLength) };
    generate('dsa', { ...options, publicKeyEncoding, privateKeyEncoding }, answered);
  });
}

const owned = (key: string | Buffer): Payload =>
  typeof key === 'string' ? Payload.copy(Buffer.from(key, 'latin1')) : Payload.own(key);
