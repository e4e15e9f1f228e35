import { ORDER_TYPES, type Order, type OrderType } from '../../model/order.ts';
import type { Payload } from '../../model/payload.ts';
import { parseJsonBody } from '../json-body.ts';
import { schemaCheck } from '../json-schema.ts';
import type { RawInput } from '../route.ts';
import { checkMeta, type Meta } from './meta-rules.ts';
import { passphraseIn, withoutPassphrase } from './passphrase.ts';

/** The body of `POST /v1/orders`; properties not named here are ignored, in `meta` they are kept. */
export const NEW_ORDER_SCHEMA = {
  type: 'object',
  properties: { type: { enum: ORDER_TYPES }, meta: { type: 'object' } },
  required: ['type', 'meta'],
} as const;

const check = schemaCheck('Order', NEW_ORDER_SCHEMA, { namesMissing: true, secretProperty: 'meta' });

export interface NewOrder {
  readonly type: OrderType;
  /** As it is stored and shown. */
  readonly meta: Order['meta'];
  readonly passphrase: Payload | undefined;
}

export function parseNewOrder(raw: RawInput): NewOrder {
  const body = parseJsonBody(raw.contentType, raw.body);
  check(body);
  const { type, meta } = body as { readonly type: OrderType; readonly meta: Meta };
  const expiration = checkMeta(meta, type, raw.now);
  const kept = withoutPassphrase(meta);
  // What was sent keeps its place among the client's members; what was not comes last.
  const stored = { ...kept, name: kept.name ?? null, expiration };
  return { type, meta: stored, passphrase: passphraseIn(meta, type) };
}
