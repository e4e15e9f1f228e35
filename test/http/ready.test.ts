import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { broker, sqlite } from './wire.ts';

describe('the ready probe', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const file = join(folder, 'disabled');
  const app = broker(sqlite(), { healthcheck: { disable_file: file } });
  after(() => rmSync(folder, { recursive: true }));

  it('says that all is well, to anyone and with no header of the API', async () => {
    const { status, json, headers } = await app().request('GET', '/ready', {
      headers: { 'X-Project-Id': '', 'OpenStack-API-Version': 'key-manager 9.9' },
    });
    expect(status).to.equal(200);
    expect(json).to.deep.equal({ status: 'ready', database: 'ok', stores: { software: 'ok' } });
    expect(headers).to.include({ 'content-type': 'application/json' });
    expect(headers).not.to.have.any.keys('x-openstack-request-id', 'openstack-api-version');
  });

  it('answers HEAD without a body', async () => {
    expect(await app().request('HEAD', '/ready')).to.include({ status: 200, text: '' });
  });

  it('is 503 for as long as an operator wants the process out of service', async () => {
    writeFileSync(file, '');
    expect(await app().request('GET', '/ready')).to.include({ status: 503 });
    rmSync(file);
    expect(await app().request('GET', '/ready')).to.include({ status: 200 });
  });

  it('is at its own path only', async () => {
    for (const path of ['/readyz', '/v1/ready', '/Ready']) {
      expect((await app().request('GET', path)).text, path).not.to.contain('software');
    }
  });
});
