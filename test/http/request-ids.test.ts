import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { broker, created, REQUEST_ID, TEXT } from './wire.ts';

describe('request ids', () => {
  const app = broker();

  it('are new for every request, refused or not, and never the one that came in', async () => {
    const seen = new Set<string>();
    const targets = ['/', '/foo', '/v1/secrets', '/v1/nothing', '/v1/secrets/x', '/v1/secrets/%ff'];
    for (const sent of [`req-${randomUUID()}`, 'req-1', 'evil']) {
      for (const path of targets) {
        const answer = await app().request('GET', path, { headers: { 'X-Openstack-Request-Id': sent } });
        const id = String(answer.headers['x-openstack-request-id']);
        expect(id).to.match(REQUEST_ID).and.not.equal(sent);
        seen.add(id);
      }
    }
    expect(seen.size).to.equal(3 * targets.length);
  });

  it('that come in are logged beside our own when something fails', async () => {
    const path = await created(app(), TEXT);
    const id = path.split('/').at(-1) ?? '';
    const { knex } = app().broker.database;
    await knex('sealed_payloads')
      .where({ secret_id: id })
      .update({ blob: Buffer.alloc(80, 1) });
    for (const [sent, logged] of [
      [`req-${randomUUID()}`, true],
      ['req-1', false],
    ] as const) {
      const headers = { 'X-Openstack-Request-Id': sent };
      const answer = await app().request('GET', `${path}/payload`, { headers });
      expect(answer.status).to.equal(500);
      const own = String(answer.headers['x-openstack-request-id']);
      const [line = '{}'] = app()
        .logged()
        .split('\n')
        .filter((one) => one.includes(own));
      const fields = JSON.parse(line) as Record<string, unknown>;
      expect(fields).to.include({ level: 'error', request_id: own, status: 500 });
      expect(fields['global_request_id']).to.equal(logged ? sent : undefined);
    }
  });

  it('are the ones the audit knows', async () => {
    const answer = await app().request('GET', '/v1/secrets');
    await app().broker.services.audit.close();
    expect(app().audited()).to.contain(String(answer.headers['x-openstack-request-id']));
  });
});
