import fc from 'fast-check';

/** Ids that must exist when the request is sent stand for themselves until then. */
export const FULL_SECRET = '{full}';
export const EMPTY_SECRET = '{empty}';
export const CONTAINER = '{container}';
export const ORDER = '{order}';
export const STORE = '{store}';
export const TRANSPORT_KEY = '{transport-key}';
/** Any UTF-16 text, halves of surrogate pairs and NULs included. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\0',
    'a\0b',
    '\ud800',
    'x\udfff',
    '\u0085',
    'constructor',
    '__proto__',
    ' ',
    'é'.repeat(255),
  ),
  fc.integer({ min: 250, max: 9000 }).map((length) => 'y'.repeat(length)),
);

const id = fc.oneof(
  { weight: 6, arbitrary: fc.constant(FULL_SECRET) },
  { weight: 4, arbitrary: fc.constant(EMPTY_SECRET) },
  { weight: 1, arbitrary: fc.uuid({ version: 4 }) },
  { weight: 1, arbitrary: fc.uuid().map((uuid) => uuid.toUpperCase()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '1',
      '..',
      '.',
      '%00',
      '%',
      '%zz',
      '%ED%A0%80',
      '%2F',
      '{id}',
      "'--",
      '*',
      '%C0%AF',
    ),
  },
  { weight: 1, arbitrary: fc.webPath().map((path) => path.slice(1)) },
);

const key = fc.oneof(
  fc.constantFrom(
    'owner',
    'OWNER',
    '%00',
    'a%00b',
    '__proto__',
    'constructor',
    '%ED%A0%80',
    '%F0%9F%92%A9',
    '%',
    '-',
  ),
  fc.integer({ min: 255, max: 3000 }).map((length) => 'k'.repeat(length)),
  anyText.filter((text) => text.isWellFormed()).map(encodeURIComponent),
);

/** The path of a request target. */
export const anyPath = fc.oneof(
  fc.constantFrom(
    '/v1/secrets',
    '/v1/secrets/',
    '/v1',
    '/v1/',
    '/',
    '/healthcheck',
    '/v1/containers',
    '/v1/orders',
    '/v1/project-quotas',
    '/v1/project-stores',
    '/v1/transport_keys',
    '/openapi.json',
    '//v1//secrets',
  ),
  id.map((one) => `/v1/secrets/${one}`),
  id.map((one) => `/v1/secrets/${one}`),
  id.map((one) => `/v1/secrets/${one}/payload`),
  id.map((one) => `/v1/secrets/${one}/acl`),
  id.map((one) => `/v1/secrets/${one}/consumers`),
  id.map((one) => `/v1/containers/${one}`),
  id.map((one) => `/v1/containers/${one}/secrets`),
  id.map((one) => `/v1/orders/${one}`),
  id.map((one) => `/v1/secret-stores/${one}/preferred`),
  id.map((one) => `/v1/transport_keys/${one}`),
  key.map((one) => `/v1/project-quotas/${one}`),
  key.map((one) => `/v1/project-stores/${one}`),
  id.map((one) => `/v1/secrets/${one}/metadata`),
  fc.tuple(id, key).map(([one, name]) => `/v1/secrets/${one}/metadata/${name}`),
  fc.tuple(id, key).map(([one, name]) => `/v1/secrets/${one}/metadata/${name}`),
  fc.constantFrom(
    '*',
    'http://[',
    'http://a:b:c/v1',
    'http:///v1/secrets',
    '/v1/%',
    '/%2e%2e/v1',
    '/v1/secrets?',
    '//',
    '///',
  ),
);

const dates = fc.constantFrom(
  'gt:2020-01-01',
  '2020',
  'lt:',
  '0001-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59-23:59',
  'x',
);
const parameter = fc.oneof(
  fc.tuple(
    fc.constantFrom('limit', 'offset', 'bits', 'force'),
    fc.constantFrom('-1', '0', '10', '9'.repeat(400), '1e9', '', '%00', '9007199254740991', '2147483648'),
  ),
  fc.tuple(fc.constantFrom('created', 'updated', 'expiration'), dates),
  fc.tuple(
    fc.constant('sort'),
    fc.constantFrom(
      'name:asc',
      'created:desc,name',
      'x:y:z',
      ',',
      ':',
      '%00',
      '__proto__',
      'expiration,bit_length:desc',
    ),
  ),
  fc.tuple(
    fc.constantFrom('name', 'alg', 'mode', 'secret_type', '__proto__', 'build', 'force'),
    anyText.map(percent),
  ),
);

/** Lone surrogates have no percent-encoding of their own; their three bytes do. */
function percent(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

/** Its query, with the question mark. */
export const anyQuery = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc
      .array(parameter, { maxLength: 4 })
      .map((all) => `?${all.map((one) => one.join('=')).join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '?',
      '??',
      '?%',
      '?%zz=%',
      '?a=1&a=2&a',
      '?&&&==',
      '?limit',
      `?x=${'z'.repeat(3000)}`,
    ),
  },
);
