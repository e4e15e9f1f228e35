import { expect } from 'chai';
import type { Answer, Persona } from '../helpers/app.ts';
import { SERVICE_ADMIN } from './quotas.ts';
import { TWO } from './secret-stores.ts';
import { broker, denied, expectError, NOBODY, sqlite } from './wire.ts';

const OPERATION = 'Project Stores';
const BODY = { project_store: { store: 'annexe' } };

/** Each of them for a project that is not the caller's: whoever may, may for all. */
const REQUESTS = [
  ['GET', '/v1/project-stores', 200],
  ['PUT', '/v1/project-stores/p-9', 204],
  ['GET', '/v1/project-stores/p-9', 200],
  ['DELETE', '/v1/project-stores/p-9', 204],
] as const;

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  legacy: ['key-manager:service-admin'],
  secure: ['admin'],
};
const ROLES: readonly (readonly string[])[] = [
  ['admin'],
  ['key-manager:service-admin'],
  ['creator'],
  ['observer'],
  ['audit'],
  ['member'],
  ['reader'],
  ['member', 'reader', 'creator', 'observer', 'audit'],
  [],
];

for (const mode of ['legacy', 'secure'] as const) {
  describe(`who may do what with the stores of projects, ${mode} mode`, () => {
    const app = broker(sqlite(), { ...TWO, policy: { data: { settings: { mode } } } });
    const ask = (method: string, path: string, as: Persona): Promise<Answer> =>
      app().request(method, path, { as, ...(method === 'PUT' ? { body: BODY } : {}) });

    for (const roles of ROLES) {
      const may = roles.some((role) => ALLOWED[mode]?.includes(role));
      it(`${roles.join('+') || 'no role'}: ${may ? 'allow' : 'deny'}, as with quotas`, async () => {
        const as = { user: 'u-1', project: 'p-1', roles };
        for (const [method, path, status] of REQUESTS) {
          const answer = await ask(method, path, as);
          if (may) expect(answer.status, answer.text).to.equal(status);
          else expectError(answer, 403, denied(OPERATION));
        }
        const quotas = await app().request('GET', '/v1/project-quotas', { as });
        expect(quotas.status).to.equal(may ? 200 : 403);
      });
    }
  });
}

describe('how the stores of projects are asked for', () => {
  const app = broker(sqlite(), TWO);

  for (const [method, path] of REQUESTS) {
    it(`${method} ${path} is refused to whoever has no role, whatever is sent`, async () => {
      const answer = await app().request(method, path, { as: NOBODY, body: 'garbage' });
      expectError(answer, 403, denied(OPERATION));
    });

    it(`${method} ${path} is 406 to whoever takes no JSON`, async () => {
      const headers = { Accept: 'text/plain' };
      expectError(await app().request(method, path, { as: NOBODY, headers }), 406, null);
    });
  }

  for (const [path, allow] of [
    ['/v1/project-stores', 'GET'],
    ['/v1/project-stores/p', 'DELETE, GET, PUT'],
  ] as const) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      if (allow.split(', ').includes(method)) continue;
      it(`${method} ${path} is 405`, async () => {
        const answer = await app().request(method, path, { as: SERVICE_ADMIN });
        expect(answer.headers.allow).to.equal(allow);
        if (method === 'HEAD') expect(answer.status).to.equal(405);
        else expectError(answer, 405, '');
      });
    }
  }

  for (const path of ['/v1/project-stores/p/x', '/v1/project_stores']) {
    it(`nothing is at ${path}`, async () => {
      expectError(await app().request('GET', path, { as: SERVICE_ADMIN }), 404, '');
    });
  }
});

describe('the stores of projects where projects may not choose', () => {
  const app = broker(sqlite(), { stores: { ...TWO.stores, multiple: false } });

  it('are still the operators’ to choose', async () => {
    for (const [method, path, status] of REQUESTS) {
      const body = method === 'PUT' ? { body: BODY } : {};
      expect((await app().request(method, path, { as: SERVICE_ADMIN, ...body })).status).to.equal(status);
    }
  });
});
