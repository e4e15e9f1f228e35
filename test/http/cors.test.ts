import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { broker, created, sqlite, varies } from './wire.ts';

const ORIGIN = 'https://ui.example';
const EXPOSED =
  'X-Auth-Token,X-Openstack-Request-Id,X-Project-Id,X-Identity-Status,X-User-Id,X-Storage-Token,X-Domain-Id,X-User-Domain-Id,X-Project-Domain-Id,X-Roles';
const CORS_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
];

/** What a preflight asks for, and whether it is told yes. */
const PREFLIGHTS: readonly [
  origin: string,
  method: string | undefined,
  headers: string | undefined,
  yes: boolean,
][] = [
  [ORIGIN, 'GET', undefined, true],
  [ORIGIN, 'PUT', 'X-Auth-Token', true],
  [ORIGIN, 'POST', 'x-auth-token,content-type', true],
  [ORIGIN, 'DELETE', 'X-Auth-Token, X-Project-Id', true],
  [ORIGIN, 'PATCH', 'accept, cache-control', true],
  ['https://also.example', 'GET', undefined, true],
  [ORIGIN, 'HEAD', undefined, false],
  [ORIGIN, 'TRACE', undefined, false],
  [ORIGIN, 'get', undefined, false],
  [ORIGIN, undefined, undefined, false],
  [ORIGIN, 'GET', 'X-Evil', false],
  [ORIGIN, 'GET', 'X-Auth-Token, X-Evil', false],
  ['https://evil.example', 'GET', undefined, false],
  ['http://ui.example', 'GET', undefined, false],
  ['https://ui.example:8443', 'GET', undefined, false],
  ['https://ui.example.evil.example', 'GET', undefined, false],
  ['null', 'GET', undefined, false],
  ['', 'GET', undefined, false],
];

describe('CORS', () => {
  const app = broker(sqlite(), { cors: { allowed_origins: [ORIGIN, 'https://also.example'] } });
  let path = '';
  before(async () => {
    path = await created(app());
  });
  const ask = (method: string, target: string, headers: Record<string, string>): Promise<Answer> =>
    app().request(method, target, { headers });

  for (const [origin, method, headers, yes] of PREFLIGHTS) {
    it(`preflight of ${origin || 'nobody'} for ${method ?? 'no method'} with ${headers ?? 'no headers'}: ${yes ? 'yes' : 'no'}`, async () => {
      const answer = await ask('OPTIONS', path, {
        Origin: origin,
        ...(method === undefined ? {} : { 'Access-Control-Request-Method': method }),
        ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
      });
      expect([answer.status, answer.bytes.length, answer.headers['content-length']]).to.deep.equal([
        200,
        0,
        '0',
      ]);
      expect(answer.headers).not.to.have.any.keys('x-openstack-request-id', 'openstack-api-version');
      if (!yes) return expect(answer.headers).not.to.have.any.keys(...CORS_HEADERS);
      expect(answer.headers).to.include({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': method,
        'access-control-max-age': '3600',
      });
      expect(answer.headers['access-control-allow-headers']).to.equal(headers);
      expect(answer.headers).not.to.have.property('access-control-expose-headers');
      return expect(varies(answer)).to.deep.equal(['origin']);
    });
  }

  for (const [method, target, status] of [
    ['GET', '/v1/secrets', 200],
    ['GET', '/v1/nothing', 404],
    ['PATCH', '/v1/secrets', 405],
    ['POST', '/v1/secrets', 415],
    ['GET', '/', 300],
    ['GET', '/nothing', 404],
  ] as const) {
    it(`${method} ${target} is marked for an allowed origin, ${status}`, async () => {
      const answer = await ask(method, target, { Origin: ORIGIN });
      expect(answer.status).to.equal(status);
      expect(answer.headers).to.include({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': EXPOSED,
      });
      expect(answer.headers).not.to.have.any.keys('access-control-allow-methods', 'access-control-max-age');
      expect(varies(answer)).to.have.members(['openstack-api-version', 'origin']);
    });
  }

  it('others are served without a mark', async () => {
    for (const headers of [{}, { Origin: 'https://evil.example' }]) {
      const answer = await ask('GET', '/v1/secrets', headers);
      expect(answer.status).to.equal(200);
      expect(answer.headers).not.to.have.any.keys(...CORS_HEADERS);
      expect(varies(answer)).to.deep.equal(['openstack-api-version']);
    }
  });
});

describe('CORS that nobody configured', () => {
  const app = broker();
  it('does nothing visible', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const headers = { Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' };
      const answer = await app().request(method, '/v1/secrets', { headers });
      expect(answer.status).to.equal(200);
      expect(answer.headers).not.to.have.any.keys(...CORS_HEADERS);
    }
  });
});
