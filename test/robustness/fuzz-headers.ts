import { createHash } from 'node:crypto';
import fc from 'fast-check';

const accept = fc.constantFrom(
  '*/*',
  'application/json',
  'text/plain',
  'application/octet-stream',
  'text/html;q=0',
  ';',
  ',',
  'a/b;q=x',
  'application/json-home',
  'text/*',
);
const contentType = fc.constantFrom(
  'application/json',
  'text/plain',
  'application/octet-stream',
  'text/plain;charset=utf-8',
  'x',
  '',
  ';',
  'application/json; charset=utf-16',
);
const version = fc.constantFrom(
  'key-manager 1.0',
  'key-manager 1.1',
  'key-manager latest',
  'key-manager 9.9',
  'key-manager',
  'key-manager 1.99999999999999999999',
  ',,',
  'compute 2.1, key-manager 1.2',
  'key-manager x',
);

/** What a header may carry over the wire without being refused by the parser: Latin-1, no control characters. */
const headerText = fc.oneof(
  fc
    .array(fc.oneof(fc.integer({ min: 32, max: 126 }), fc.integer({ min: 128, max: 255 })), { maxLength: 30 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(255, 257, 3000, 5000).map(randomLooking),
);

/** Text that a database cannot compress below the size of an index row. */
export function randomLooking(length: number): string {
  return createHash('shake256', { outputLength: Math.ceil(length / 2) })
    .update(String(length))
    .digest('hex');
}

const otherHeader = fc.oneof(
  fc.tuple(fc.constant('Accept'), accept),
  fc.tuple(fc.constant('Content-Encoding'), fc.constantFrom('base64', 'gzip', 'BASE64 ', '')),
  fc.tuple(fc.constant('OpenStack-API-Version'), version),
  fc.tuple(
    fc.constant('X-Roles'),
    fc.oneof(fc.constantFrom('', 'admin', 'observer', 'audit', ',,,'), headerText),
  ),
  fc.tuple(
    fc.constantFrom('X-Domain-Id', 'X-Auth-Token', 'X-Service-Token', 'X-Project-Domain-Id'),
    headerText,
  ),
  fc.tuple(
    fc.constantFrom(
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Prefix',
      'Forwarded',
      'Origin',
      'User-Agent',
    ),
    headerText,
  ),
  fc.tuple(fc.constant('Expect'), fc.constantFrom('100-continue', 'x', '')),
  fc.tuple(fc.constant('Upgrade'), fc.constantFrom('websocket', 'h2c')),
  fc.tuple(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'X-Openstack-Request-Id',
      'Openstack-System-Scope',
      'Range',
      'If-None-Match',
    ),
    headerText,
  ),
);
const callerHeader = fc.tuple(fc.constantFrom('X-Project-Id', 'X-User-Id'), headerText);
export const anyHeader = fc.oneof(
  { weight: 4, arbitrary: otherHeader },
  { weight: 1, arbitrary: callerHeader },
);
/** The headers of a request whose parts need not fit together. */
export const anyHeaders = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('application/json') },
      { weight: 2, arbitrary: contentType },
    ),
    fc.oneof({ weight: 4, arbitrary: fc.constant('127.0.0.1') }, { weight: 1, arbitrary: headerText }),
    fc.array(anyHeader, { maxLength: 4 }),
  )
  .map(([type, host, others]) => [['Host', host] as const, ['Content-Type', type] as const, ...others]);
