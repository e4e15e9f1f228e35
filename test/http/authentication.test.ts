import { expect } from 'chai';
import { startFakeKeystone, type FakeKeystone } from '../identity/fake-keystone.ts';
import { startApp, type Answer, type TestApp } from '../helpers/app.ts';
import { JSON_TYPE, NOWHERE, REQUEST_ID, sqlite, varies } from './wire.ts';

/** What a caller without a good token is told, at every address there is and is not: 401, and never 404. */
const TARGETS: readonly [method: string, path: string][] = [
  ['GET', '/v1'],
  ['GET', '/v1/secrets'],
  ['POST', '/v1/secrets'],
  ['POST', '/v1/secrets/'],
  ['GET', `/v1/secrets/${NOWHERE}`],
  ['GET', `/v1/secrets/${NOWHERE}/payload`],
  ['PUT', `/v1/secrets/${NOWHERE}`],
  ['DELETE', `/v1/secrets/${NOWHERE}`],
  ['GET', `/v1/secrets/${NOWHERE}/metadata`],
  ['PATCH', '/v1/secrets'],
  ['GET', '/v1/secrets/not_a_uuid'],
  ['GET', '/v1/secrets/%ff'],
  ['GET', '/v1/nothing'],
  ['GET', `/v1/containers/${NOWHERE}/consumers`],
];

const CREDENTIALS: readonly [name: string, headers: Readonly<Record<string, string>>][] = [
  ['no token', {}],
  [
    'no token, but a project',
    { 'X-Project-Id': 'p-1', 'X-Roles': 'admin', 'X-Identity-Status': 'Confirmed' },
  ],
  ['an unknown token', { 'X-Auth-Token': 'nobody-knows-it' }],
  ['a token of 3500 characters', { 'X-Auth-Token': 'a'.repeat(3500) }],
  ['a bad version too', { 'X-Auth-Token': 'nobody-knows-it', 'OpenStack-API-Version': 'key-manager 9.9' }],
  ['no JSON accepted', { Accept: 'text/plain' }],
];

describe('callers without a good token', () => {
  let keystone: FakeKeystone;
  let app: TestApp;
  before(async () => {
    keystone = await startFakeKeystone({ clock: Date.now });
    const login = { username: 'postern', password: 'our-password', project_name: 'service' };
    const identity = [{ kind: 'keystone', auth_url: keystone.url, ...login }];
    app = await startApp({ dialect: sqlite(), config: { identity } });
  });
  after(async () => {
    await app.close();
    await keystone.stop();
  });

  for (const [name, headers] of CREDENTIALS) {
    for (const [method, path] of TARGETS) {
      it(`${name}: ${method} ${path}`, async () => {
        const answer = await app.request(method, path, {
          headers: { 'X-Project-Id': '', 'X-User-Id': '', 'X-Roles': '', ...headers },
        });
        expectUnauthorised(answer, keystone.url);
      });
    }
  }

  it('may still ask for the versions, the health and what a browser may', async () => {
    for (const [method, path, status] of [
      ['GET', '/', 300],
      ['GET', '/healthcheck', 200],
      ['OPTIONS', '/v1/secrets', 200],
      ['GET', '/foo', 404],
    ] as const) {
      expect((await app.request(method, path)).status).to.equal(status);
    }
  });
});

function expectUnauthorised(answer: Answer, keystone: string): void {
  const message = 'The request you have made requires authentication.';
  expect(answer.status).to.equal(401);
  expect(answer.text).to.equal(
    JSON.stringify({
      code: 401,
      title: 'Unauthorized',
      description: message,
      error: { code: 401, title: 'Unauthorized', message },
    }),
  );
  expect(answer.headers['content-type']).to.equal(JSON_TYPE);
  expect(answer.headers['www-authenticate']).to.equal(`Keystone uri="${keystone}"`);
  expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
  expect(answer.headers).not.to.have.property('openstack-api-version');
  expect(varies(answer)).not.to.include('openstack-api-version');
}
