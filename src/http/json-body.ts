import { isUtf8 } from 'node:buffer';
import { BadRequest, PayloadTooLarge, UnsupportedMediaType } from '../errors.ts';
import { mediaType, type ReadBody } from './body.ts';
import { strip } from './text.ts';

/** Deeper nesting than this serves nobody and costs stack. */
const MAX_DEPTH = 32;

/**
 * A JSON body as the API reads it: exactly `application/json` (415), within the limit (413), UTF-8 and JSON (400). Every
 * text value is trimmed; keys are not.
 */
export function parseJsonBody(contentType: string | undefined, body: ReadBody): unknown {
  requireContentType(contentType, ['application/json']);
  if (body.tooLarge) throw new PayloadTooLarge('Provided information too large to process');
  if (!isUtf8(body.bytes)) throw new BadRequest('');
  return stripped(parsed(body.bytes), MAX_DEPTH);
}

export function requireContentType(contentType: string | undefined, expected: readonly string[]): void {
  if (expected.includes(mediaType(contentType))) return;
  const list = expected.map((type) => `'${type}'`).join(', ');
  throw new UnsupportedMediaType(`Unexpected content type. Expected content types are: [${list}]`);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    // The parser's message quotes the text around the fault: that may be a payload.
    throw malformed();
  }
}

const malformed = (): BadRequest => new BadRequest('Malformed JSON');

function stripped(value: unknown, depth: number): unknown {
  if (depth === 0) throw malformed();
  if (typeof value === 'string') return strippedText(value);
  if (Array.isArray(value)) return value.map((item) => stripped(item, depth - 1));
  if (typeof value !== 'object' || value === null) return value;
  // No prototype: a key called `__proto__` stays a key.
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) copy[key] = stripped(member, depth - 1);
  return copy;
}

/** Half a surrogate pair is no Unicode text: it has no UTF-8 form to store or to answer with. */
function strippedText(text: string): string {
  if (!text.isWellFormed()) throw malformed();
  return strip(text);
}
