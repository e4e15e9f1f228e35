import { expect } from 'chai';
import { SERVICE_ADMIN } from './quotas.ts';
import { broker, denied, expectError, NOBODY, READER } from './wire.ts';

describe('who may do what with quotas, and how', () => {
  const app = broker();

  for (const [method, path, operation] of [
    ['GET', '/v1/quotas', 'Quotas'],
    ['GET', '/v1/project-quotas', 'Project Quotas'],
    ['GET', '/v1/project-quotas/p', 'Project Quotas'],
    ['PUT', '/v1/project-quotas/p', 'Project Quotas'],
    ['DELETE', '/v1/project-quotas/p', 'Project Quotas'],
  ] as const) {
    it(`${method} ${path} is refused to whoever has no role, whatever is sent`, async () => {
      const answer = await app().request(method, path, { as: NOBODY, body: 'garbage' });
      expectError(answer, 403, denied(operation));
    });

    it(`${method} ${path} is 406 to whoever takes no JSON`, async () => {
      const headers = { Accept: 'text/plain' };
      expectError(await app().request(method, path, { as: NOBODY, headers }), 406, null);
    });
  }

  it('an admin of a project manages no quotas, and a reader sees the effective ones', async () => {
    const admin = { ...READER, roles: ['admin'] };
    expectError(
      await app().request('GET', '/v1/project-quotas', { as: admin }),
      403,
      denied('Project Quotas'),
    );
    expect((await app().request('GET', '/v1/quotas', { as: READER })).status).to.equal(200);
  });

  for (const [path, allow] of [
    ['/v1/quotas', 'GET'],
    ['/v1/project-quotas', 'GET'],
    ['/v1/project-quotas/p', 'DELETE, GET, PUT'],
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

  for (const path of ['/v1/quotas/x', '/v1/project-quotas/p/x', '/v1/project_quotas']) {
    it(`nothing is at ${path}`, async () => {
      expectError(await app().request('GET', path, { as: SERVICE_ADMIN }), 404, '');
    });
  }

  it('tells the policy whose quotas, and the audit who asked', async () => {
    await app().request('PUT', '/v1/project-quotas/p-9', {
      as: SERVICE_ADMIN,
      body: { project_quotas: { secrets: 1 } },
    });
    const line = app()
      .audited()
      .split('\n')
      .find((one) => one.includes('project_quotas:put') && one.includes(SERVICE_ADMIN.user));
    expect(line).to.contain('"type":"quota"');
  });
});
