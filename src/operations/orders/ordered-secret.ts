import type { Order } from '../../model/order.ts';
import type { SecretId } from '../../model/ids.ts';
import { CONTENT_TYPES, type ContentType, type Secret, type SecretType } from '../../model/secret.ts';
import { timestamp, type Timestamp } from '../../model/timestamp.ts';

/** The record of a secret that an order makes, still without what depends on its payload. */
export function orderedSecret(
  order: Pick<Order, 'projectId' | 'creatorId' | 'meta'>,
  id: SecretId,
  secretType: SecretType,
  now: Timestamp,
): Secret {
  const { meta } = order;
  return {
    id,
    projectId: order.projectId,
    creatorId: order.creatorId,
    name: textIn(meta, 'name'),
    secretType,
    algorithm: textIn(meta, 'algorithm'),
    bitLength: typeof meta['bit_length'] === 'number' ? meta['bit_length'] : null,
    mode: textIn(meta, 'mode'),
    expiresAt: expirationIn(meta),
    createdAt: now,
    updatedAt: now,
    state: 'pending',
    store: null,
    storeRef: null,
    contentType: secretType === 'passphrase' ? 'text/plain' : contentTypeIn(meta),
    payloadSize: null,
    version: 1,
  };
}

type Meta = Order['meta'];

export function textIn(meta: Meta, name: string): string | null {
  const value = meta[name];
  return typeof value === 'string' ? value : null;
}

/** Written there as a timestamp of ours when the order was placed. */
function expirationIn(meta: Meta): Timestamp | null {
  const text = textIn(meta, 'expiration');
  return text === null ? null : timestamp(text);
}

/** Checked when the order was placed; `meta` keeps the client's spelling, of which parameters are no part. */
function contentTypeIn(meta: Meta): ContentType {
  const given = textIn(meta, 'payload_content_type')?.split(';')[0]?.trim().toLowerCase();
  return CONTENT_TYPES.find((type) => type === given) ?? 'application/octet-stream';
}
