import { expect } from 'chai';
import { OWNER, type Answer } from '../helpers/app.ts';
import { auditOf, broker } from './wire.ts';

/** Whoever reads the audit asks "who touched this?": each kind of object must be found by its id. */
describe('what the audit says an action was done to', () => {
  const app = broker();
  const ADMIN = { ...OWNER, roles: ['admin', 'creator', 'key-manager:service-admin'] };
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    app().request(method, path, { as: ADMIN, ...(body === undefined ? {} : { body }) });
  const lastSegment = (answer: Answer): string => String(answer.headers.location).split('/').at(-1)!;

  const told = (answer: Answer) => auditOf(app(), answer);

  const CREATIONS: readonly [type: string, path: string, body: object][] = [
    ['secret', '/v1/secrets', { name: 's' }],
    ['container', '/v1/containers', { type: 'generic' }],
    ['order', '/v1/orders', { type: 'key', meta: { algorithm: 'aes', bit_length: 256 } }],
  ];
  for (const [type, path, body] of CREATIONS) {
    it(`${type}: by its id, once there is one`, async () => {
      const created = await ask('POST', path, body);
      const id = lastSegment(created);
      const [intent, outcome] = await told(created);
      expect(intent.target.id).to.equal(null);
      expect(outcome.target).to.deep.include({ id, project_id: OWNER.project });
      const [read] = await told(await ask('GET', `${path}/${id}`));
      expect(read.target).to.deep.equal({ type, id, project_id: OWNER.project });
      const [removed] = await told(await ask('DELETE', `${path}/${id}`));
      expect(removed.target).to.deep.equal({ type, id, project_id: OWNER.project });
    });
  }

  it('quotas: by the project they are of', async () => {
    const [intent] = await told(
      await ask('PUT', '/v1/project-quotas/p-7', { project_quotas: { secrets: 5 } }),
    );
    expect(intent).to.deep.include({ action: 'project_quotas:put' });
    expect(intent.target).to.deep.equal({ type: 'quota', id: null, project_id: 'p-7' });
  });

  it("a project's store: by the project, and the store it gets", async () => {
    const [intent, outcome] = await told(
      await ask('PUT', '/v1/project-stores/p-7', { project_store: { store: 'software' } }),
    );
    expect(intent).to.deep.include({ action: 'postern:project_stores:put', store: null });
    expect(intent.target).to.deep.equal({ type: 'project_store', id: null, project_id: 'p-7' });
    expect(outcome).to.deep.include({ store: 'software' });
  });

  it('a transport key: by its id', async () => {
    const body = { plugin_name: 'p', transport_key: 'k' };
    const id = lastSegment(await ask('POST', '/v1/transport_keys', body));
    const [intent] = await told(await ask('DELETE', `/v1/transport_keys/${id}`));
    expect(intent.target).to.deep.equal({ type: 'transport_key', id, project_id: null });
  });

  it('a list: by nothing', async () => {
    const [intent] = await told(await ask('GET', '/v1/secrets'));
    expect(intent.target).to.deep.equal({ type: 'collection', id: null, project_id: null });
  });
});
