import { PayloadTooLarge } from '../../errors.ts';
import type { Payload } from '../../model/payload.ts';
import { SECRET_TYPES, type ContentType, type SecretType } from '../../model/secret.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import type { RawInput } from '../route.ts';
import { secretRules } from './rules.ts';

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
const rules = secretRules(SCHEMA);
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
  const expiresAt = rules.expiration(body.expiration, raw.now);
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
  if (type === undefined || type === null) throw rules.typeMissing();
  const contentType = rules.contentType(type);
  rules.requireEncoding(contentType, encoding);
  if (Buffer.byteLength(payload) > maxBytes)
    throw new PayloadTooLarge('Provided information too large to process');
  rules.requireNotEmpty(payload);
  return { contentType, bytes: rules.decode(payload, encoding) };
}
