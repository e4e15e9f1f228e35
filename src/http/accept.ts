import { BadRequest, NotAcceptable } from '../errors.ts';
import { CONTENT_TYPES, type ContentType } from '../model/secret.ts';

interface MediaRange {
  readonly type: string;
  readonly quality: number;
  readonly specificity: number;
}

/** RFC 9110 section 12.5.1, as much of it as clients use: types are lower case, parameters other than `q` dropped. */
function mediaRanges(accept: string): readonly MediaRange[] {
  return accept.split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2));
    const specificity = type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2;
    return { type, quality: Number.isNaN(quality) ? 0 : quality, specificity };
  });
}

const JSON_RANGES = new Set(['application/json', 'application/*', '*/*']);

/** No header, or one that says nothing: whatever comes. */
const isOpen = (accept: string | undefined): accept is undefined | '' =>
  accept === undefined || accept === '';

/** Throws `NotAcceptable` (with `description: null`) unless the header admits JSON. Quality is ignored, even zero. */
export function requireJson(accept: string | undefined): void {
  if (isOpen(accept) || accept === 'application/json' || accept === '*/*') return;
  if (mediaRanges(accept).some((range) => JSON_RANGES.has(range.type))) return;
  throw new NotAcceptable(null);
}

/** Which of `offered` the header likes best; undefined: none. No header: the first. */
export function preferred(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (isOpen(accept)) return offered[0];
  const ranges = mediaRanges(accept);
  const rated = offered.map((type) => ({ type, quality: qualityOf(type, ranges) }));
  const best = rated.reduce((one, other) => (other.quality > one.quality ? other : one));
  return best.quality > 0 ? best.type : undefined;
}

function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  const matching = ranges.filter(
    (range) => range.type === type || range.type === family || range.type === '*/*',
  );
  if (matching.length === 0) return 0;
  return matching.reduce((one, other) => (other.specificity > one.specificity ? other : one)).quality;
}

/** `GET /v1/secrets/:id` is metadata for these and nothing else; whatever differs may get a payload. */
export function asksForMetadata(accept: string | undefined): boolean {
  return accept === undefined || accept === 'application/json' || accept === '*/*';
}

const TEXT = 'text/plain; charset=UTF-8';
/** Spellings that are echoed as they came. */
const ECHOED: ReadonlySet<string> = new Set([
  'text/plain;charset=utf-8',
  'text/plain; charset=utf-8',
  'application/octet-stream',
  'application/pkcs8',
]);

/**
 * The `Content-Type` of a payload answer. Any stored type may be asked for as any supported type; only bytes that are
 * not UTF-8 are never text. Throws `NotAcceptable`.
 */
export function payloadType(accept: string | undefined, stored: ContentType, isText: boolean): string {
  if (isOpen(accept)) return 'application/octet-stream';
  if (ECHOED.has(accept)) return accept.startsWith('text/') && !isText ? refusePayloadType() : accept;
  const own = stored === 'text/plain' && !isText ? 'application/octet-stream' : stored;
  const offered = [own, ...CONTENT_TYPES.filter((type) => type !== own && (type !== 'text/plain' || isText))];
  const chosen = preferred(accept, offered);
  if (chosen === undefined) return refusePayloadType();
  return chosen === 'text/plain' ? TEXT : chosen;
}

function refusePayloadType(): never {
  throw new NotAcceptable('Wrong payload content-type', { family: 'issue' });
}

const PAYLOAD_SPELLINGS: ReadonlySet<string> = new Set(['', 'text/plain', ...ECHOED]);

/**
 * The deprecated payload answer of `GET /v1/secrets/:id`: exact types only. A list that happens to admit text must not
 * turn a metadata request into a payload. Throws `BadRequest` for odd spellings of supported types, else `NotAcceptable`.
 */
export function requireExactPayloadType(accept: string | undefined): void {
  if (accept !== undefined && PAYLOAD_SPELLINGS.has(accept)) return;
  const single = accept !== undefined && !accept.includes(',');
  const type = accept?.split(';')[0]?.trim().toLowerCase() as ContentType;
  if (single && CONTENT_TYPES.includes(type) && !accept.includes('q=')) {
    throw new BadRequest(`content-type of '${accept}' not supported`, { family: 'issue' });
  }
  refusePayloadType();
}
