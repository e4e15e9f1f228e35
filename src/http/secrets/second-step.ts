import { BadRequest, PayloadTooLarge } from '../../errors.ts';
import { Payload } from '../../model/payload.ts';
import type { ContentType } from '../../model/secret.ts';
import { decodeBase64 } from '../base64.ts';
import { mediaType } from '../body.ts';
import { requireContentType } from '../json-body.ts';
import type { RawInput } from '../route.ts';

export interface SecondStep {
  readonly contentType: ContentType;
  /** With which the client wrapped the payload; undefined: it did not. */
  readonly transportKeyId: string | undefined;
  /** The payload, decoded. Called only once it is known that the secret has none: that refusal comes first. */
  decode(): Payload;
}

/** The body of `PUT /v1/secrets/:id`: the payload itself, neither trimmed nor interpreted. */
export function parseSecondStep(raw: RawInput): SecondStep {
  requireContentType(raw.contentType, ['application/octet-stream', 'text/plain']);
  if (raw.body.tooLarge)
    throw new PayloadTooLarge('Provided information too large to process', { family: 'issue' });
  if (raw.body.bytes.length === 0) throw new BadRequest('No data supplied to process.', { family: 'issue' });
  const contentType = mediaType(raw.contentType) as ContentType;
  const transportKeyId = raw.query['transport_key_id'];
  return {
    contentType,
    transportKeyId,
    decode: () => decode(raw.body.bytes, contentType, raw.contentEncoding),
  };
}

function decode(bytes: Buffer, type: ContentType, encoding: string | undefined): Payload {
  if (type === 'text/plain' || encoding === undefined) return Payload.own(bytes);
  if (encoding.trim().toLowerCase() !== 'base64') {
    const why = "Text-based binary secret payloads must specify a content-encoding of 'base64'";
    throw new BadRequest(why, { family: 'issue' });
  }
  const decoded = decodeBase64(bytes);
  if (decoded === undefined)
    throw new BadRequest('Invalid payload for payload_content_encoding', { family: 'issue' });
  return Payload.own(decoded);
}
