import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { PAIR_BITS } from '../../src/crypto/generate-key-pair.ts';
import { PAIR_KINDS, type PairKind } from '../../src/model/key-kind.ts';
import { generatePair, pairMechanism } from './key-pairs.ts';
import { faultOf } from './rv.ts';
import type { Token } from './token.ts';

/** A pair the token makes, as `kind` and bits. */
export type MadePairKind = readonly [PairKind, number];

const SAMPLE = Buffer.from('self-test', 'latin1');

/**
 * The pairs the token makes: one of the smallest of each kind is made, and what it signs is verified in software; for
 * larger ones the token's own word on its mechanism is taken. RSA 1024 is left to the broker: it only exists for the API.
 */
export async function testPairs(token: Token): Promise<readonly MadePairKind[]> {
  const kinds: MadePairKind[] = [];
  for (const kind of PAIR_KINDS) {
    const sizes = PAIR_BITS[kind].filter((size) => claims(token, kind, size));
    const [smallest] = sizes;
    if (smallest !== undefined && (await makesPair(token, kind, smallest)))
      kinds.push(...sizes.map((size): MadePairKind => [kind, size]));
  }
  return kinds;
}

const MIN_RSA_BITS = 2_048;

function claims({ module, slot }: Token, kind: PairKind, size: number): boolean {
  const mechanism = pairMechanism(kind, size);
  if (mechanism === undefined || (kind === 'rsa' && size < MIN_RSA_BITS)) return false;
  try {
    const { minKeySize, maxKeySize } = module.C_GetMechanismInfo(slot, mechanism);
    return kind === 'ed25519' || (minKeySize <= size && size <= maxKeySize);
  } catch {
    return false;
  }
}

async function makesPair(token: Token, kind: PairKind, size: number): Promise<boolean> {
  const limitMs = token.options.generation_timeout * 1_000;
  try {
    const pair = await token.sessions.use(limitMs, (session) =>
      generatePair(token.module, session, kind, size),
    );
    const hash = kind === 'ed25519' ? null : 'sha256';
    const signature = sign(hash, SAMPLE, createPrivateKey(pair.privateKey));
    pair.privateKey.fill(0);
    return verify(hash, SAMPLE, createPublicKey(pair.publicKey), signature);
  } catch {
    return false;
  }
}

/** From the most a secret may have to the least that is worth having. */
const PAYLOAD_SIZES = [1_048_576, 524_288, 262_144, 131_072, 65_536, 32_768, 16_384, 8_192, 4_096];

/** The largest payload, in bytes, that goes through the token in one call and comes back; 0 where none does. */
export async function largestPayload(roundTrip: (payload: Buffer) => Promise<boolean>): Promise<number> {
  for (const size of PAYLOAD_SIZES) {
    try {
      if (await roundTrip(Buffer.alloc(size, 0x5a))) return size;
    } catch (error) {
      // A token that is away takes no smaller payload either.
      if (faultOf(error).repair === 'reset') throw error;
    }
  }
  return 0;
}
