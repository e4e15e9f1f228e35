import fc from 'fast-check';
import { anyText } from './fuzz-targets.ts';

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  anyText,
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, '', [], {}, '@1e999@', '@-1e999@', '@1E-999@', [[[[]]]], {
    __proto__: null,
    a: 1,
  }),
);

export const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: odd });

export const secretBody = fc.record(
  {
    name: mostly(fc.string()),
    algorithm: mostly(fc.constantFrom('aes', 'rsa')),
    mode: mostly(fc.constant('cbc')),
    bit_length: mostly(fc.integer({ min: 1, max: 4096 })),
    expiration: mostly(
      fc.constantFrom('2099-01-01', '2020-01-01', '9999-12-31T23:59:59-23:59', '0000-00-00'),
    ),
    secret_type: mostly(fc.constantFrom('opaque', 'symmetric', 'certificate')),
    payload: mostly(fc.oneof(fc.constantFrom('aGVsbG8=', '====', 'A'), anyText)),
    payload_content_type: mostly(
      fc.constantFrom('text/plain', 'application/octet-stream', 'text/plain; charset=utf-8', ';', '=;='),
    ),
    payload_content_encoding: mostly(fc.constant('base64')),
    transport_key_needed: odd,
    transport_key_id: odd,
  },
  { requiredKeys: [] },
);
export const usualSecret = fc.record({
  payload: anyText,
  payload_content_type: fc.constant('text/plain'),
  name: anyText,
});
export const metadataBody = fc.record({
  metadata: mostly(
    fc.dictionary(fc.oneof(fc.constantFrom('a', 'A', '__proto__', ''), anyText), mostly(anyText)),
  ),
});
export const metadatumBody = fc.record(
  { key: mostly(fc.oneof(fc.constant('owner'), anyText)), value: mostly(anyText) },
  { requiredKeys: [] },
);

/** JSON text in which numbers stand that no JSON serialiser writes. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(/"@([^"@]+)@"/g, '$1');
}

const jsonBody = fc
  .oneof(secretBody, usualSecret, usualSecret, metadataBody, metadatumBody, odd)
  .map((value) => Buffer.from(jsonText(value)));
const brokenBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 12_000 }).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))),
  fc
    .integer({ min: 1, max: 4_000 })
    .map((depth) => Buffer.from('{"a":'.repeat(depth) + '1' + '}'.repeat(depth))),
  fc
    .constantFrom(
      '{"__proto__":{"payload":1}}',
      '{"metadata":{"__proto__":"x"}}',
      '{"name":NaN}',
      '{"bit_length":1e999}',
      '{"a":1,"a":2}',
      '',
      '{',
      '\ufeff{}',
      '"\ud800"',
      '{"name":"\\ud800"}',
      '{"name":"\\u0000"}',
    )
    .map((text) => Buffer.from(text)),
  fc.integer({ min: 19_000, max: 200_000 }).map((size) => Buffer.alloc(size, 'a')),
);

export const anyBody = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 6, arbitrary: jsonBody },
  { weight: 3, arbitrary: brokenBody },
);
