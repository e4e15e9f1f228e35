import { expect } from 'chai';
import {
  broker,
  created,
  exchange,
  expectError,
  handmade,
  JSON_TYPE,
  NOWHERE,
  READER,
  REQUEST_ID,
  TEXT,
} from './wire.ts';

/** What is at a path, and which methods it supports; `:id` is a secret with a payload and the metadatum `k`. */
const ALLOW: readonly [path: string, allow: string][] = [
  ['/v1', 'GET'],
  ['/v1/secrets', 'GET, POST'],
  ['/v1/secrets/:id', 'DELETE, GET, PUT'],
  ['/v1/secrets/:id/payload', 'GET'],
  ['/v1/secrets/:id/metadata', 'GET, POST, PUT'],
  ['/v1/secrets/:id/metadata/k', 'DELETE, GET, PUT'],
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE', 'PROPFIND'];

describe('paths and methods', () => {
  const app = broker();
  let path = '';
  before(async () => {
    path = await created(app(), TEXT);
    await app().request('POST', `${path}/metadata`, { body: { key: 'k', value: 'v' } });
  });
  const at = (pattern: string): string => pattern.replace('/v1/secrets/:id', path);

  describe('a method a resource does not support is 405 with the ones it does', () => {
    for (const [pattern, allow] of ALLOW) {
      for (const method of METHODS.filter((one) => !allow.split(', ').includes(one))) {
        for (const slash of ['', '/']) {
          it(`${method} ${pattern}${slash}`, async () => {
            const answer = await app().request(method, at(pattern) + slash);
            expect(answer.headers.allow).to.equal(allow);
            expect(answer.headers['openstack-api-version']).to.equal('key-manager 1.0');
            if (method === 'HEAD') {
              expect(answer.status).to.equal(405);
              expect(answer.bytes.length).to.equal(0);
            } else expectError(answer, 405, '');
          });
        }
      }
    }

    it('even a method nobody has heard of', async () => {
      const answer = await exchange(app().url, handmade('FOO /v1/secrets', []));
      expect(answer.status).to.equal(405);
      expect(answer.body).to.equal('{"code":405,"title":"Method Not Allowed","description":""}');
      expect(answer.head.toLowerCase()).to.contain('content-type: application/json');
    });

    it('changes nothing', async () => {
      expect((await app().request('GET', path)).status).to.equal(200);
    });
  });

  describe('OPTIONS never gets past the CORS layer', () => {
    for (const pattern of ['/', '/v1', '/v1/', '/v1/secrets', '/v1/secrets/:id', '/v1/nothing', '/foo']) {
      it(pattern, async () => {
        const headers = { 'X-Project-Id': '', 'OpenStack-API-Version': 'key-manager 9.9' };
        const answer = await app().request('OPTIONS', at(pattern), { headers });
        expect(answer.status).to.equal(200);
        expect(answer.bytes.length).to.equal(0);
        expect(answer.headers['content-length']).to.equal('0');
        const absent = ['content-type', 'x-openstack-request-id', 'openstack-api-version', 'vary', 'allow'];
        expect(answer.headers).not.to.have.any.keys(...absent);
      });
    }
  });

  describe('unknown top-level paths', () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const unknown of ['/v1/nothing', '/v1/nothing/', '/v1/cas', '/v1/secret', '/v1/Secrets']) {
        it(`${method} ${unknown}`, async () => {
          const answer = await app().request(method, unknown);
          expectError(answer, 404, method === 'GET' ? '' : null);
          expect(answer.headers['openstack-api-version']).to.equal('key-manager 1.0');
        });
      }
    }
  });

  describe('unknown and superfluous segments below a secret', () => {
    const BELOW = [
      'foo',
      'payload/x',
      'metadata/k/x',
      'metadata/k/x/y',
      'foo/bar',
      'payload.json',
      'Payload',
    ];
    for (const below of BELOW) {
      it(below, async () => {
        const answer = await app().request('GET', `${path}/${below}`);
        expectError(answer, 404, '');
      });
      it(`PUT ${below}`, async () => {
        const answer = await app().request('PUT', `${path}/${below}`, { body: { key: 'k', value: 'v' } });
        expectError(answer, 404, '');
      });
    }
  });

  describe('careless slashes', () => {
    const SAME = ['/v1/secrets/', '/v1//secrets', '//v1/secrets', '/v1/secrets//', '///v1///secrets///'];
    for (const spelled of SAME) {
      it(`GET ${spelled}`, async () => {
        expect((await app().request('GET', spelled)).json).to.have.property('secrets');
      });
      it(`POST ${spelled}`, async () => {
        const answer = await app().request('POST', spelled, { body: {} });
        expect(answer.status).to.equal(201);
        expect(answer.headers.location).to.match(/^http:\/\/[^/]+\/v1\/secrets\/[^/]+$/);
      });
    }
    it('on the paths of one secret', async () => {
      for (const below of [
        '/',
        '//',
        '/payload/',
        '//payload',
        '/metadata/',
        '/metadata/k/',
        '/metadata//k',
      ]) {
        expect((await app().request('GET', path + below)).status, below).to.equal(200);
      }
    });
  });

  describe('identifiers', () => {
    const INVALID: readonly [string, string][] = [
      ['no UUID', 'not_a_uuid'],
      ['upper case', NOWHERE.toUpperCase()],
      ['one upper-case digit', `${NOWHERE.slice(0, -1)}A`],
      ['no dashes', NOWHERE.replaceAll('-', '')],
      ['braces', `%7B${NOWHERE}%7D`],
      ['an URN', `urn:uuid:${NOWHERE}`],
      ['version 1', 'c232ab00-9414-11ec-b3c8-9f6bdeced846'],
      ['the nil UUID', '00000000-0000-0000-0000-000000000000'],
      ['another variant', '7c9e6679-7425-40de-c44b-e07fc1f90ae7'],
      ['one digit too few', NOWHERE.slice(0, -1)],
      ['one digit too many', `${NOWHERE}0`],
      ['a line break after it', `${NOWHERE}%0A`],
      ['a file extension', `${NOWHERE}.json`],
    ];
    for (const [name, id] of INVALID) {
      it(`are refused: ${name}`, async () => {
        for (const below of ['', '/payload', '/metadata', '/metadata/k']) {
          const answer = await app().request('GET', `/v1/secrets/${id}${below}`);
          expectError(answer, 404, 'Not Found. Provided secret id is invalid.');
        }
      });
    }

    for (const [method, below] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['PATCH', ''],
      ['GET', '/payload'],
      ['POST', '/payload'],
      ['GET', '/metadata'],
      ['PUT', '/metadata'],
      ['POST', '/metadata'],
      ['GET', '/metadata/k'],
      ['PUT', '/metadata/k'],
      ['DELETE', '/metadata/k'],
      ['POST', '/metadata/k'],
    ] as const) {
      it(`unknown: ${method} /v1/secrets/{id}${below}`, async () => {
        const answer = await app().request(method, `/v1/secrets/${NOWHERE}${below}`);
        expectError(answer, 404, 'Secret not found.');
      });
    }

    it('unknown for a caller without rights too', async () => {
      const answer = await app().request('DELETE', `/v1/secrets/${NOWHERE}`, { as: READER });
      expectError(answer, 404, 'Secret not found.');
    });
  });

  it('file extensions stay on', async () => {
    const answer = await app().request('GET', `${path}/metadata/k.json`);
    expectError(answer, 404, 'Secret metadata not found.');
  });

  for (const spelled of [
    '/v1/secrets/%ff',
    '/v1/%ff',
    '/v1/secrets/%',
    '/v1/secrets/%zz/payload',
    '/v1/%c3%28',
  ]) {
    it(`no UTF-8: ${spelled}`, async () => {
      const answer = await app().request('GET', spelled);
      expectError(answer, 400, '');
      expect(answer.headers['openstack-api-version']).to.equal('key-manager 1.0');
    });
  }

  it('answers are JSON without charset, and every one has an id of its own', async () => {
    const ids = new Set<unknown>();
    for (const target of ['/v1/secrets', path, `${path}/metadata`, `${path}/metadata/k`]) {
      const answer = await app().request('GET', target);
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
      ids.add(answer.headers['x-openstack-request-id']);
    }
    expect(ids.size).to.equal(4);
  });
});
