import fc from 'fast-check';
import { anyBody, jsonText, usualSecret } from './fuzz-bodies.ts';
import { anyHeader, anyHeaders, randomLooking } from './fuzz-headers.ts';
import { routeRequests, type RouteRequest } from './fuzz-routes.ts';
import { anyPath, anyQuery, EMPTY_SECRET, FULL_SECRET } from './fuzz-targets.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
}
const method = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'M-SEARCH', 'get', 'X'),
  },
);
const wildRequest: fc.Arbitrary<FuzzRequest> = fc.record({
  method,
  path: anyPath,
  query: anyQuery,
  headers: anyHeaders,
  body: anyBody,
});

const full = `/v1/secrets/${FULL_SECRET}`;
const json = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  value.map((one) => Buffer.from(jsonText(one)));

/** Bodies that belong to their routes get as far as the handlers and the database; these two get in. */
const usual: readonly RouteRequest[] = [
  ...routeRequests,
  { method: 'POST', path: '/v1/secrets', type: 'application/json', body: json(usualSecret) },
  { method: 'PUT', path: `/v1/secrets/${EMPTY_SECRET}`, type: 'text/plain', body: json(usualSecret) },
];

const usualRequest: fc.Arbitrary<FuzzRequest> = fc
  .tuple(fc.constantFrom(...usual), fc.array(anyHeader, { maxLength: 3 }), anyQuery)
  .chain(([{ method: verb, path, type, body }, others, query]) =>
    body.map((sent) => ({
      method: verb,
      path,
      query,
      headers: [['Host', '127.0.0.1'], ['Content-Type', type], ...others],
      body: sent,
    })),
  );

export const anyRequest = fc.oneof(wildRequest, usualRequest);

const HOST = ['Host', '127.0.0.1'] as const;
const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const aRequest = (changes: Partial<FuzzRequest>): [FuzzRequest] => [
  { method: 'GET', path: '/v1/secrets', query: '', headers: [HOST], body: undefined, ...changes },
];
const aCreation = (caller: readonly [string, string]): [FuzzRequest] =>
  aRequest({
    method: 'POST',
    headers: [HOST, JSON_TYPE, caller],
    body: Buffer.from('{"payload":"x","payload_content_type":"text/plain"}'),
  });

/** Tried first in every run, for chance rarely meets them: each once was a failure. */
export const knownRequests: [FuzzRequest][] = [
  aRequest({ path: 'http://[' }),
  aRequest({ path: 'http://%@a/v1/secrets' }),
  aRequest({ path: 'http://a/v1/secrets' }),
  aRequest({ headers: [] }),
  aRequest({ headers: [HOST, ['Expect', 'x']], path: '/v1/nothing' }),
  aRequest({ path: `${full}/metadata/a%00b` }),
  aRequest({ path: `${full}/metadata/a%00b`, method: 'DELETE' }),
  aCreation(['X-Project-Id', randomLooking(6000)]),
  aCreation(['X-User-Id', randomLooking(6000)]),
];

/** Bytes that are no request, or only nearly one. */
export const anyGarbage: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'CONNECT', ' ', '', 'GET\t', 'PRI'),
      fc.constantFrom('/v1/secrets', '/', 'a:1', '*', '\x01', 'http://', '/v1/secrets HTTP/1.1 x'),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', 'HTTP/2.0', '', 'RTSP/1.0'),
      fc.array(
        fc.constantFrom(
          'Host: a',
          'Host: a\r\nHost: b',
          'Content-Length: -1',
          'Content-Length: 9e9',
          'Content-Length: 3',
          'Transfer-Encoding: chunked',
          'Transfer-Encoding: gzip',
          'X: \0',
          ': x',
          'X-Project-Id',
          ' folded',
          `X: ${'x'.repeat(20_000)}`,
          'Connection: close',
          'Connection: upgrade',
        ),
        { maxLength: 4 },
      ),
      fc.constantFrom('', 'abc', '0\r\n\r\n', 'zz\r\n', 'ffffffffffffffffff\r\n', 'GET / HTTP/1.1\r\n\r\n'),
    )
    .map(([verb, target, protocol, lines, tail]) =>
      Buffer.from([`${verb} ${target} ${protocol}`, ...lines, '', tail].join('\r\n'), 'latin1'),
    ),
);
