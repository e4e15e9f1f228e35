import { expect } from 'chai';
import type { Answer, Persona } from '../helpers/app.ts';
import { admin, pathOf, store, TWO } from './secret-stores.ts';
import { broker, denied, expectError, freshProject, NOBODY, NOWHERE, READER, sqlite } from './wire.ts';

const OFF = 'Not Found. Multiple backends support is not enabled in service configuration.';

const SINGLE = [
  ['GET', '/v1/secret-stores'],
  ['GET', '/v1/secret-stores/global-default'],
  ['GET', '/v1/secret-stores/preferred'],
] as const;
const BELOW = [`/v1/secret-stores/${NOWHERE}`, `/v1/secret-stores/${NOWHERE}/preferred`] as const;

describe('one secret store', () => {
  const app = broker();

  for (const [method, path] of SINGLE) {
    it(`${method} ${path} says so, to whoever may ask`, async () => {
      expectError(await app().request(method, path, { as: READER }), 404, OFF);
      expect((await app().request(method, path, { as: NOBODY })).status).to.equal(403);
    });
  }

  for (const path of BELOW) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      it(`${method} ${path.replace(NOWHERE, ':id')} says so to everybody`, async () => {
        expectError(await app().request(method, path, { as: NOBODY }), 404, OFF);
      });
    }
  }
});

for (const [multiple, config, status] of [
  [true, [store('software')], 200],
  [false, [store('software'), store('annexe')], 404],
] as const) {
  describe(`${config.length} secret stores and multiple: ${multiple}`, () => {
    const app = broker(sqlite(), { stores: { default: 'software', multiple, configured: config } });
    it(`is ${status}`, async () => {
      expect((await app().request('GET', '/v1/secret-stores')).status).to.equal(status);
    });
  });
}

describe('who may do what with secret stores, and how', () => {
  const app = broker(sqlite(), TWO);
  let id = '';
  before(async () => {
    id = (await pathOf(app(), 'annexe')).split('/').at(-1) ?? '';
  });
  const ask = (method: string, path: string, as: Persona, headers = {}): Promise<Answer> =>
    app().request(method, path.replace(':id', id), { as, headers });

  for (const [method, path, operation] of [
    ['GET', '/v1/secret-stores', 'List available secret stores'],
    ['GET', '/v1/secret-stores/global-default', 'Retrieve global default secret store'],
    ['GET', '/v1/secret-stores/preferred', 'Retrieve project preferred store'],
    ['GET', '/v1/secret-stores/:id', 'Secret store retrieval'],
    ['POST', '/v1/secret-stores/:id/preferred', 'Setting preferred secret store'],
    ['DELETE', '/v1/secret-stores/:id/preferred', 'Removing preferred secret store'],
  ] as const) {
    it(`${method} ${path} is refused to whoever has no role`, async () => {
      expectError(await ask(method, path, NOBODY), 403, denied(operation));
    });

    it(`${method} ${path} is 406 to whoever takes no JSON`, async () => {
      expectError(await ask(method, path, NOBODY, { Accept: 'text/html' }), 406, null);
    });
  }

  it('a creator prefers no store for the project', async () => {
    const answer = await ask('POST', '/v1/secret-stores/:id/preferred', freshProject());
    expectError(answer, 403, denied('Setting preferred secret store'));
  });

  for (const [path, allow] of [
    ['/v1/secret-stores', 'GET'],
    ['/v1/secret-stores/global-default', 'GET'],
    ['/v1/secret-stores/preferred', 'GET'],
    ['/v1/secret-stores/:id', 'GET'],
    ['/v1/secret-stores/:id/preferred', 'DELETE, POST'],
  ] as const) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      if (allow.split(', ').includes(method)) continue;
      it(`${method} ${path} is 405`, async () => {
        const answer = await ask(method, path, admin());
        expect(answer.headers.allow).to.equal(allow);
        if (method === 'HEAD') expect(answer.status).to.equal(405);
        else expectError(answer, 405, '');
      });
    }
  }

  for (const path of ['/v1/secret-stores/global-default/x', '/v1/secret-stores/:id/preferred/x']) {
    it(`nothing is at ${path}`, async () => {
      expectError(await ask('GET', path, admin()), 404, '');
    });
  }
});
