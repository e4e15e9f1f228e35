import { StoreRejected } from '../../src/errors.ts';
import type { RestAnswer } from './rest.ts';

/** The KRA's name for a key: decimal, or hexadecimal with `0x` from 11.5 on. */
export type KeyId = string & { readonly brand: 'KeyId' };

/** Undefined: no id of a KRA, and nothing to put into a path. */
export const keyId = (text: string): KeyId | undefined =>
  /^(?:0x[0-9a-f]{1,64}|\d{1,64})$/i.test(text) ? (text as KeyId) : undefined;

export interface KeyRecord {
  readonly id: KeyId;
  readonly clientKeyId: string;
  readonly isActive: boolean;
  /** Null for what was archived as bytes. */
  readonly algorithm: string | null;
  /** In bits. */
  readonly size: number | null;
  /** SubjectPublicKeyInfo in base64, of a pair. */
  readonly publicKey: string | null;
}

export function recordIn(place: string, { json }: Pick<RestAnswer, 'json'>): KeyRecord {
  const { keyURL, clientKeyID, status, algorithm, size, publicKey } = json ?? {};
  const id = typeof keyURL === 'string' ? idInUrl(keyURL) : undefined;
  if (id === undefined || typeof status !== 'string')
    throw new StoreRejected(`${place} described a key without address or status`);
  return {
    id,
    clientKeyId: typeof clientKeyID === 'string' ? clientKeyID : '',
    isActive: status === 'active',
    algorithm: typeof algorithm === 'string' ? algorithm : null,
    size: typeof size === 'number' ? size : null,
    publicKey: typeof publicKey === 'string' && publicKey !== '' ? publicKey : null,
  };
}

/** Those of a list, in its order. */
export function recordsIn(place: string, { json }: RestAnswer): readonly KeyRecord[] {
  const entries = json?.['entries'];
  if (!Array.isArray(entries)) throw new StoreRejected(`${place} gave a list of keys without entries`);
  return entries.map((entry) => recordIn(place, { json: entry as RestAnswer['json'] }));
}

export const byAge = (a: KeyRecord, b: KeyRecord): number => (BigInt(a.id) < BigInt(b.id) ? -1 : 1);

export const idInUrl = (url: string): KeyId | undefined => keyId(url.slice(url.lastIndexOf('/') + 1));
