import { BadRequest } from '../../errors.ts';
import type { OrderType } from '../../model/order.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import { decodeBase64 } from '../base64.ts';
import { parseIsoTime } from '../iso-time.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import { NEW_SECRET_SCHEMA, normalisedType } from '../secrets/schema.ts';

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
const check = schemaCheck(SCHEMA, NEW_SECRET_SCHEMA, { secretProperty: 'payload' });

const refuse = (why: string, property: string): never => {
  throw schemaMismatch(SCHEMA, why, property);
};

const refuseMeta = (why: string): never => {
  throw schemaMismatch('Order', why, 'meta');
};

/** Everything a `meta` may be refused for, in the original's order; gives the moment at which what is made expires. */
export function checkMeta(meta: Meta, type: OrderType, now: Timestamp): Timestamp | null {
  check(meta);
  // These become columns of the secrets that are made.
  for (const property of ['name', 'algorithm', 'mode'] as const)
    requireStorable(SCHEMA, property, meta[property]);
  const expiresAt = parseExpiration(meta.expiration, now);
  checkPayload(meta);
  if (meta.payload !== undefined) refuseMeta(`'payload' not allowed for ${type} type order`);
  const order = type === 'key' ? 'key' : 'asymmetric key';
  if (meta.algorithm === undefined || meta.algorithm === '')
    refuseMeta(`'algorithm' is required field for ${order} type order`);
  if (meta.bit_length === undefined) refuseMeta(`'bit_length' is required field for ${order} type order`);
  else if (meta.bit_length % 8 !== 0) throw new BadRequest('Provided field value is not supported');
  return expiresAt;
}

function parseExpiration(text: string | undefined, now: Timestamp): Timestamp | null {
  if (text === undefined || text === '') return null;
  const moment = parseIsoTime(text) ?? refuse("Invalid date for 'expiration'", 'expiration');
  return moment > now ? moment : refuse("'expiration' is before current time", 'expiration');
}

const TYPES =
  "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream', 'application/pkcs8']";

/** Without payload a type may stand alone, for what will be generated; empty and null are none. */
function checkPayload(meta: Meta): void {
  const { payload, payload_content_type: given, payload_content_encoding: encoding } = meta;
  if (payload === undefined && (given === undefined || given === null || given === '')) return;
  if (given === undefined || given === null) {
    const why = "If 'payload' is supplied, 'payload_content_type' must also be supplied.";
    return refuse(why, 'payload_content_type');
  }
  const type =
    normalisedType(given) ?? refuse(`payload_content_type is not one of ${TYPES}`, 'payload_content_type');
  if (payload !== undefined) checkGivenPayload(payload, type === 'text/plain', encoding);
}

/** A payload is refused in any case: what is wrong with it comes first. */
function checkGivenPayload(payload: string, isText: boolean, encoding: 'base64' | undefined): void {
  if (isText && encoding !== undefined)
    refuse('payload_content_encoding is not one of None', 'payload_content_encoding');
  if (!isText && encoding === undefined)
    refuse("payload_content_encoding is not one of ['base64', 'binary']", 'payload_content_encoding');
  if (payload === '') refuse("If 'payload' specified, must be non empty", 'payload');
  if (isText) return;
  const bytes = Buffer.from(payload, 'utf8');
  // More bytes than characters: beyond ASCII, and no digit of this encoding.
  const decoded = bytes.length === payload.length ? decodeBase64(bytes) : undefined;
  if (decoded === undefined) refuse('Invalid payload for payload_content_encoding', 'payload');
  else if (decoded.length === 0) refuse("If 'payload' specified, must be non empty", 'payload');
}
