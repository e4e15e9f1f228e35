import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { SERVICE_ADMIN } from './quotas.ts';
import { broker, created, expectError, freshProject, NOWHERE, TEXT } from './wire.ts';

describeDatabases('payloads wrapped with a transport key', (dialect) => {
  const app = broker(dialect);
  let known = '';
  before(async () => {
    const body = { plugin_name: 'kra', transport_key: 'k' };
    const answer = await app().request('POST', '/v1/transport_keys', { as: SERVICE_ADMIN, body });
    known = String(answer.headers.location).split('/').at(-1) ?? '';
  });
  const UNKNOWN = 'issue seen - Provided transport key was not found..';
  const UNABLE = 'issue seen - Secret store supported plugin not found..';

  it('are refused in one step, and nothing is kept', async () => {
    const as = freshProject();
    for (const [id, why] of [
      [known, UNABLE],
      [NOWHERE, UNKNOWN],
      ['x', UNKNOWN],
      ['', UNKNOWN],
    ]) {
      const answer = await app().request('POST', '/v1/secrets', {
        as,
        body: { ...TEXT, transport_key_id: id },
      });
      expectError(answer, 400, `Secret creation ${why}`);
    }
    expect((await app().request('GET', '/v1/secrets', { as })).json?.['total']).to.equal(0);
  });

  it('are refused in the second step, once it is known that there is none yet', async () => {
    const path = await created(app());
    const put = (id: string): Promise<Answer> =>
      app().request('PUT', `${path}?transport_key_id=${id}`, {
        body: 'wrapped',
        headers: { 'Content-Type': 'text/plain' },
      });
    expectError(await put(known), 400, `Secret update ${UNABLE}`);
    expectError(await put(NOWHERE), 400, `Secret update ${UNKNOWN}`);
    expect((await app().request('GET', path)).json).not.to.have.property('content_types');
    await app().request('PUT', path, { body: 'plain', headers: { 'Content-Type': 'text/plain' } });
    expectError(await put(NOWHERE), 409, 'Secret already has data, cannot modify it.');
  });

  it('a secret without payload may name any', async () => {
    await created(app(), { transport_key_id: NOWHERE, transport_key_needed: 'true' });
  });
});
