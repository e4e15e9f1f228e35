import { PayloadTooLarge, type BadRequest } from '../../errors.ts';
import { Payload } from '../../model/payload.ts';
import { CONTENT_TYPES, SECRET_TYPES, type ContentType, type SecretType } from '../../model/secret.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import { decodeBase64 } from '../base64.ts';
import { parseIsoTime } from '../iso-time.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import type { RawInput } from '../route.ts';

const text = { type: 'string', maxLength: 255 } as const;

/** The body of `POST /v1/secrets`; properties not named here are ignored, as clients send some. */
export const NEW_SECRET_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: ['string', 'null'], maxLength: 255 },
    algorithm: text,
    mode: text,
    bit_length: { type: 'integer', minimum: 1, maximum: 32767 },
    expiration: text,
    secret_type: { enum: SECRET_TYPES },
    payload: { type: 'string' },
    payload_content_type: { type: ['string', 'null'], maxLength: 255 },
    payload_content_encoding: { enum: ['base64'] },
    transport_key_needed: { enum: ['true', 'false'] },
    transport_key_id: { type: 'string' },
  },
} as const;

const SCHEMA = 'Secret';
const check = schemaCheck(SCHEMA, NEW_SECRET_SCHEMA, { secretProperty: 'payload' });

interface NewSecretBody {
  readonly name?: string | null;
  readonly algorithm?: string;
  readonly mode?: string;
  readonly bit_length?: number;
  readonly expiration?: string;
  readonly secret_type?: SecretType;
  readonly payload?: string;
  readonly payload_content_type?: string | null;
  readonly payload_content_encoding?: 'base64';
  readonly transport_key_id?: string;
}

export interface NewSecret {
  readonly name: string | null;
  readonly algorithm: string | null;
  readonly mode: string | null;
  readonly bitLength: number | null;
  readonly secretType: SecretType;
  readonly expiresAt: Timestamp | null;
  readonly payload: { readonly bytes: Payload; readonly contentType: ContentType } | null;
  /** With which the client wrapped the payload; undefined: it did not. */
  readonly transportKeyId: string | undefined;
}

export function parseNewSecret(raw: RawInput): NewSecret {
  const body = parseJsonBody(raw.contentType, raw.body) as NewSecretBody;
  check(body);
  for (const property of ['name', 'algorithm', 'mode'] as const)
    requireStorable(SCHEMA, property, body[property]);
  const expiresAt = parseExpiration(body.expiration, raw.now);
  const payload = parsePayload(body, raw.limits.maxSecretBytes);
  return {
    name: body.name ?? null,
    algorithm: body.algorithm ?? null,
    mode: body.mode ?? null,
    bitLength: body.bit_length ?? null,
    secretType: body.secret_type ?? 'opaque',
    expiresAt,
    payload,
    transportKeyId: body.transport_key_id,
  };
}

function parseExpiration(text: string | undefined, now: Timestamp): Timestamp | null {
  if (text === undefined || text === '') return null;
  const moment = parseIsoTime(text);
  if (moment === undefined) throw schemaMismatch(SCHEMA, "Invalid date for 'expiration'", 'expiration');
  if (moment <= now) throw schemaMismatch(SCHEMA, "'expiration' is before current time", 'expiration');
  return moment;
}

/** The payload rules, in the original's order: which of several faults is reported is visible to clients. */
function parsePayload(body: NewSecretBody, maxBytes: number): NewSecret['payload'] {
  const { payload, payload_content_type: type, payload_content_encoding: encoding } = body;
  if (payload === undefined) {
    if (type === undefined) return null;
    throw schemaMismatch(
      SCHEMA,
      'payload must be provided when payload_content_type is specified',
      'payload',
    );
  }
  if (type === undefined || type === null) {
    const why = "If 'payload' is supplied, 'payload_content_type' must also be supplied.";
    throw schemaMismatch(SCHEMA, why, 'payload_content_type');
  }
  const contentType = supportedType(type);
  requireEncoding(contentType, encoding);
  if (Buffer.byteLength(payload) > maxBytes)
    throw new PayloadTooLarge('Provided information too large to process');
  if (payload === '') throw emptyPayload();
  return { contentType, bytes: decoded(payload, encoding) };
}

const emptyPayload = (): BadRequest =>
  schemaMismatch(SCHEMA, "If 'payload' specified, must be non empty", 'payload');

const SUPPORTED =
  "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream', 'application/pkcs8']";

function supportedType(given: string): ContentType {
  const type = normalisedType(given);
  if (type !== undefined) return type;
  throw schemaMismatch(SCHEMA, `payload_content_type is not one of ${SUPPORTED}`, 'payload_content_type');
}

/** `Text/Plain; charset=UTF-8` is `text/plain`. A first parameter must have the value utf-8, whatever its name. */
export function normalisedType(given: string): ContentType | undefined {
  const [first = '', parameter] = given.split(';');
  const type = first.trim().toLowerCase() as ContentType;
  if (!CONTENT_TYPES.includes(type)) return undefined;
  if (parameter === undefined) return type;
  const [, value] = parameter.split('=');
  return value?.trim().toLowerCase() === 'utf-8' ? type : undefined;
}

function requireEncoding(type: ContentType, encoding: string | undefined): void {
  const property = 'payload_content_encoding';
  if (type === 'text/plain' && encoding !== undefined) {
    throw schemaMismatch(SCHEMA, `${property} is not one of None`, property);
  }
  if (type !== 'text/plain' && encoding === undefined) {
    throw schemaMismatch(SCHEMA, `${property} is not one of ['base64', 'binary']`, property);
  }
}

const BEYOND_ASCII = /[^\x00-\x7f]/;

function decoded(payload: string, encoding: string | undefined): Payload {
  if (encoding === undefined) return Payload.own(Buffer.from(payload, 'utf8'));
  const bytes = BEYOND_ASCII.test(payload) ? undefined : decodeBase64(Buffer.from(payload, 'latin1'));
  if (bytes === undefined)
    throw schemaMismatch(SCHEMA, 'Invalid payload for payload_content_encoding', 'payload');
  if (bytes.length === 0) throw emptyPayload();
  return Payload.own(bytes);
}
