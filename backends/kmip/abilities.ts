import { randomUUID } from 'node:crypto';
import type { PairKind } from '../../src/model/key-kind.ts';
import type { CryptographicAlgorithm } from '../../src/ttlv/key-enums.ts';
import { getRequest } from '../../src/ttlv/requests.ts';
import { createKey, createPair, type CreateOptions } from './create.ts';
import { destroyObject } from './destroy.ts';
import type { Link } from './links.ts';
import { trialNameOf } from './names.ts';
import { does } from './profile.ts';
import { isAboutRequest } from './refusal.ts';

/** What a server makes, which no answer of it says: found out by asking for a key of each kind. */
export interface Makes {
  /** The Cryptographic Length to ask for; undefined: it does not make such keys. */
  keyLength(algorithm: CryptographicAlgorithm, bits: number): number | undefined;
  pair(kind: PairKind, bits: number): boolean;
}

interface Trial {
  readonly algorithm: CryptographicAlgorithm;
  /** Tried in turn, in bits; the first that is made tells how the server counts. */
  readonly lengths: readonly number[];
}

/** By the standard three DES keys have 168 bits; some servers count the parity bits, too. */
const KEY_TRIALS: readonly Trial[] = [
  { algorithm: 'AES', lengths: [256] },
  { algorithm: '3DES', lengths: [168, 192] },
  { algorithm: 'HMAC-SHA1', lengths: [256] },
  { algorithm: 'HMAC-SHA256', lengths: [256] },
  { algorithm: 'HMAC-SHA384', lengths: [384] },
  { algorithm: 'HMAC-SHA512', lengths: [512] },
];

/** RSA below 2048 bits is refused by many and tried by nobody: the broker makes what it must. */
const PAIRS: Readonly<
  Partial<Record<PairKind, { readonly trial: number; readonly claimed: readonly number[] }>>
> = {
  rsa: { trial: 2048, claimed: [2048, 3072, 4096] },
  ecdsa: { trial: 256, claimed: [256, 384] },
};

const AES_BITS = [128, 192, 256];
const DES3_BITS = [168, 192];
const HMAC_MAX_BITS = 1024;

/** Makes one key of each kind, and destroys it. Rejects only when the server does not answer. */
export async function tryMaking(link: Link, options: CreateOptions): Promise<Makes> {
  const keys = new Map<CryptographicAlgorithm, number>();
  const pairs = new Set<PairKind>();
  if (does(link.profile, 'Create'))
    for (const { algorithm, lengths } of KEY_TRIALS) {
      const made = await firstMade(link, options, algorithm, lengths);
      if (made !== undefined) keys.set(algorithm, made);
    }
  if (does(link.profile, 'Create Key Pair'))
    for (const kind of ['rsa', 'ecdsa'] as const) {
      if (await makesPair(link, options, kind)) pairs.add(kind);
    }
  return {
    keyLength: (algorithm, bits) => lengthToAsk(algorithm, bits, keys.get(algorithm)),
    pair: (kind, bits) => pairs.has(kind) && PAIRS[kind]?.claimed.includes(bits) === true,
  };
}

function lengthToAsk(
  algorithm: CryptographicAlgorithm,
  bits: number,
  made: number | undefined,
): number | undefined {
  if (made === undefined) return undefined;
  if (algorithm === 'AES') return AES_BITS.includes(bits) ? bits : undefined;
  if (algorithm === '3DES') return DES3_BITS.includes(bits) ? made : undefined;
  return bits % 8 === 0 && bits > 0 && bits <= HMAC_MAX_BITS ? bits : undefined;
}

const trialName = ({ naming }: CreateOptions): string => trialNameOf(naming, randomUUID());

async function firstMade(
  link: Link,
  options: CreateOptions,
  algorithm: CryptographicAlgorithm,
  lengths: readonly number[],
): Promise<number | undefined> {
  for (const length of lengths) {
    const uid = await unlessRefused(
      createKey(link, options, { name: trialName(options), algorithm, length }),
    );
    if (uid === undefined) continue;
    const isLetOut = await lets(link, uid);
    await destroyObject(link, uid);
    if (isLetOut) return length;
  }
  return undefined;
}

async function makesPair(link: Link, options: CreateOptions, kind: 'rsa' | 'ecdsa'): Promise<boolean> {
  const names = { privateName: trialName(options), publicName: trialName(options) };
  const bits = PAIRS[kind]?.trial ?? 0;
  const pair = await unlessRefused(createPair(link, options, { ...names, kind, bits }));
  if (pair === undefined) return false;
  const areLetOut = (await lets(link, pair.privateKey)) && (await lets(link, pair.publicKey));
  await destroyObject(link, pair.privateKey);
  await destroyObject(link, pair.publicKey);
  return areLetOut;
}

/** A key that may not leave the server is of no use to those who order keys from the broker. */
async function lets(link: Link, uid: string): Promise<boolean> {
  return (await unlessRefused(link.ask(getRequest(uid), () => true))) === true;
}

async function unlessRefused<T>(making: Promise<T>): Promise<T | undefined> {
  try {
    return await making;
  } catch (error) {
    if (isAboutRequest(error)) return undefined;
    throw error;
  }
}
