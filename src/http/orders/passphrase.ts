import type { OrderType } from '../../model/order.ts';
import { Payload } from '../../model/payload.ts';
import { schemaMismatch } from '../json-schema.ts';
import type { Meta } from './meta-rules.ts';

/** The API's own name for it, and the one that its most used client sends. */
const NAMES = ['passphrase', 'pass_phrase'] as const;

/** No one could open a key that was locked with a longer one: OpenSSL reads no more. */
const MAX_BYTES = 1024;

/** For the private key of a pair; empty and null are none. What is wrong with it is said without it. */
export function passphraseIn(meta: Meta, type: OrderType): Payload | undefined {
  if (type !== 'asymmetric') return undefined;
  const name = NAMES.find((one) => meta[one] !== undefined && meta[one] !== null && meta[one] !== '');
  if (name === undefined) return undefined;
  const text = meta[name];
  if (typeof text !== 'string') throw refused("[passphrase] is not of type 'string'", name);
  if (Buffer.byteLength(text) > MAX_BYTES) throw refused('[passphrase] is too long', name);
  return Payload.copy(Buffer.from(text, 'utf8'));
}

const refused = (why: string, name: string) => schemaMismatch("Secret' within 'Order", why, name);

/** What is stored and shown of `meta`. A passphrase is no part of it, not even of an order that has no use for one. */
export function withoutPassphrase(meta: Meta): Meta {
  const shown = Object.entries(meta).filter(([name]) => !NAMES.some((one) => one === name));
  return Object.fromEntries(shown);
}
