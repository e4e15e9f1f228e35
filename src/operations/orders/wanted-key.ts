import { PAIR_BITS } from '../../crypto/generate-key-pair.ts';
import { BadRequest, InternalError, type BrokerError } from '../../errors.ts';
import { PAIR_KINDS, type PairKind } from '../../model/key-kind.ts';
import type { Order } from '../../model/order.ts';

/** What an order asks to be generated, once it is known that it can be. */
export type Wanted =
  { readonly kind: 'key'; readonly bits: number } | { readonly kind: PairKind; readonly bits: number };

const KEYS = new Set(['aes', 'des', 'hmacsha1', 'hmacsha256', 'hmacsha384', 'hmacsha512']);
/** Names that the API refuses to generate for. Elliptic curves have other names here, which it does not know. */
const NEVER = new Set(['desede', 'ec', 'dh', 'diffie_hellman']);

const KEY_BITS = [64, 128, 192, 256];
/** XTS takes two keys in one. */
const XTS_BITS = [...KEY_BITS, 512];

/**
 * An order for nonsense is accepted like any other and ends in ERROR: clients poll and read why. The error is what it ends
 * with, and trying again would not change it.
 */
export function wantedKey({ type, meta }: Pick<Order, 'type' | 'meta'>): Wanted | BrokerError {
  const algorithm = textOf(meta['algorithm']);
  const pair = PAIR_KINDS.find((name) => name === algorithm);
  if (pair === undefined && !KEYS.has(algorithm) && !NEVER.has(algorithm)) {
    return issue('Secret generate supported plugin not found.');
  }
  if (type === 'key') {
    if (!KEYS.has(algorithm)) return issue('Requested algorithm is not supported');
    return ofLength('key', meta['bit_length'], textOf(meta['mode']) === 'xts' ? XTS_BITS : KEY_BITS);
  }
  if (pair === undefined) return issue('Requested algorithm is not supported');
  return ofLength(pair, meta['bit_length'], PAIR_BITS[pair]);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');

const issue = (reason: string): BrokerError => new BadRequest(reason, { family: 'issue' });

function ofLength(kind: Wanted['kind'], bits: unknown, supported: readonly number[]): Wanted | BrokerError {
  if (typeof bits === 'number' && supported.includes(bits)) return { kind, bits };
  return new InternalError('', { detail: 'the length is not supported' });
}
