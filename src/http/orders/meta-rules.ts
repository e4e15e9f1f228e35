import { BadRequest } from '../../errors.ts';
import type { OrderType } from '../../model/order.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import { secretRules } from '../secrets/rules.ts';
import { NEW_SECRET_SCHEMA } from '../secrets/schema.ts';

/** `meta` as the schema leaves it: it describes a secret, and may hold anything else beside. */
export interface Meta {
  readonly [other: string]: unknown;
  readonly name?: string | null;
  readonly algorithm?: string;
  readonly mode?: string;
  readonly bit_length?: number;
  readonly expiration?: string;
  readonly payload?: string;
  readonly payload_content_type?: string | null;
  readonly payload_content_encoding?: 'base64';
}

/** As the original shows it within its quotes. */
const SCHEMA = "Secret' within 'Order";
const rules = secretRules(SCHEMA);
const check = schemaCheck(SCHEMA, NEW_SECRET_SCHEMA, { secretProperty: 'payload' });

const refuseMeta = (why: string): never => {
  throw schemaMismatch('Order', why, 'meta');
};

/** Everything a `meta` may be refused for, in the original's order; gives the moment at which what is made expires. */
export function checkMeta(meta: Meta, type: OrderType, now: Timestamp): Timestamp | null {
  check(meta);
  // These become columns of the secrets that are made.
  for (const property of ['name', 'algorithm', 'mode'] as const)
    requireStorable(SCHEMA, property, meta[property]);
  const expiresAt = rules.expiration(meta.expiration, now);
  checkPayload(meta);
  if (meta.payload !== undefined) refuseMeta(`'payload' not allowed for ${type} type order`);
  const order = type === 'key' ? 'key' : 'asymmetric key';
  if (meta.algorithm === undefined || meta.algorithm === '')
    refuseMeta(`'algorithm' is required field for ${order} type order`);
  if (meta.bit_length === undefined) refuseMeta(`'bit_length' is required field for ${order} type order`);
  else if (meta.bit_length % 8 !== 0) throw new BadRequest('Provided field value is not supported');
  return expiresAt;
}

/** Without payload a type may stand alone, for what will be generated; empty and null are none. */
function checkPayload(meta: Meta): void {
  const { payload, payload_content_type: given, payload_content_encoding: encoding } = meta;
  if (payload === undefined && (given === undefined || given === null || given === '')) return;
  if (given === undefined || given === null) throw rules.typeMissing();
  const type = rules.contentType(given);
  if (payload === undefined) return;
  // It is refused in any case, but what is wrong with it comes first.
  rules.requireEncoding(type, encoding);
  rules.requireNotEmpty(payload);
  rules.decode(payload, encoding).wipe();
}
