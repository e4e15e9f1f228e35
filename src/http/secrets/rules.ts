import type { BadRequest } from '../../errors.ts';
import { Payload } from '../../model/payload.ts';
import { CONTENT_TYPES, type ContentType } from '../../model/secret.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import { decodeBase64 } from '../base64.ts';
import { parseIsoTime } from '../iso-time.ts';
import { schemaMismatch } from '../json-schema.ts';

/** What no schema can say of a secret's description, be it a body of its own or the meta of an order. */
export interface SecretRules {
  /** Null without one: never. */
  expiration(text: string | undefined, now: Timestamp): Timestamp | null;
  contentType(given: string): ContentType;
  /** Text comes as it is, anything else in an encoding. */
  requireEncoding(type: ContentType, encoding: string | undefined): void;
  requireNotEmpty(payload: string): void;
  /** The caller's to wipe. */
  decode(payload: string, encoding: string | undefined): Payload;
  /** `payload` came without its type. */
  typeMissing(): BadRequest;
}

const SUPPORTED =
  "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream', 'application/pkcs8']";
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** The rules as refusals of the schema of this name: clients are shown it. */
export function secretRules(schema: string): SecretRules {
  const mismatch = (why: string, property: string): BadRequest => schemaMismatch(schema, why, property);
  const empty = (): BadRequest => mismatch("If 'payload' specified, must be non empty", 'payload');
  return {
    expiration: (text, now) => {
      if (text === undefined || text === '') return null;
      const moment = parseIsoTime(text);
      if (moment === undefined) throw mismatch("Invalid date for 'expiration'", 'expiration');
      if (moment <= now) throw mismatch("'expiration' is before current time", 'expiration');
      return moment;
    },
    contentType: (given) => {
      const type = normalisedType(given);
      if (type !== undefined) return type;
      throw mismatch(`payload_content_type is not one of ${SUPPORTED}`, 'payload_content_type');
    },
    requireEncoding: (type, encoding) => {
      const property = 'payload_content_encoding';
      if (type === 'text/plain' && encoding !== undefined)
        throw mismatch(`${property} is not one of None`, property);
      if (type !== 'text/plain' && encoding === undefined)
        throw mismatch(`${property} is not one of ['base64', 'binary']`, property);
    },
    requireNotEmpty: (payload) => {
      if (payload === '') throw empty();
    },
    decode: (payload, encoding) => {
      if (encoding === undefined) return Payload.own(Buffer.from(payload, 'utf8'));
      const bytes = BEYOND_ASCII.test(payload) ? undefined : decodeBase64(Buffer.from(payload, 'latin1'));
      if (bytes === undefined) throw mismatch('Invalid payload for payload_content_encoding', 'payload');
      if (bytes.length === 0) throw empty();
      return Payload.own(bytes);
    },
    typeMissing: () =>
      mismatch(
        "If 'payload' is supplied, 'payload_content_type' must also be supplied.",
        'payload_content_type',
      ),
  };
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
