import { expect } from 'chai';
import { broker, created, exchange, handmade, JSON_TYPE, REQUEST_ID, varies } from './wire.ts';

/** The header as sent, and the version that comes of it or the status of the refusal. */
const HEADERS: readonly [header: string | undefined, outcome: string | 400 | 406][] = [
  [undefined, '1.0'],
  ['', '1.0'],
  ['key-manager 1.0', '1.0'],
  ['key-manager 1.1', '1.1'],
  ['key-manager 1.2', '1.2'],
  ['KEY-MANAGER 1.1', '1.1'],
  ['Key-Manager 1.1', '1.1'],
  ['key-manager   1.1', '1.1'],
  ['key-manager latest', '1.2'],
  ['key-manager 1.01', '1.1'],
  ['key-manager 01.1', '1.1'],
  ['compute 2.1, key-manager 1.1', '1.1'],
  ['key-manager 1.1,compute 2.1', '1.1'],
  ['key-manager 1.0, key-manager 1.2', '1.2'],
  ['key-manager foo, key-manager 1.1', '1.1'],
  ['compute 2.1', '1.0'],
  ['compute latest', '1.0'],
  ['key-manager', '1.0'],
  ['key-manager 1.1, key-manager', '1.1'],
  ['1.1', '1.0'],
  ['key-manager foo', 400],
  ['key-manager 1', 400],
  ['key-manager 1.', 400],
  ['key-manager 1.x', 400],
  ['key-manager 1.1.1', 400],
  ['key-manager LATEST', 400],
  ['key-manager Latest', 400],
  ['key-manager 1.1, key-manager foo', 400],
  ['key-manager 0.9', 406],
  ['key-manager 1.3', 406],
  ['key-manager 2.0', 406],
  ['key-manager 9.9', 406],
  ['key-manager 2.1', 406],
  ['key-manager 99999999999999999999.1', 406],
];

describe('microversions', () => {
  const app = broker();

  for (const path of ['/v1/secrets', '/']) {
    for (const [header, outcome] of HEADERS) {
      it(`${path}: ${header === undefined ? 'no header' : `"${header}"`} is ${outcome}`, async () => {
        const headers = header === undefined ? {} : { 'OpenStack-API-Version': header };
        const answer = await app().request('GET', path, { headers });
        expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
        if (typeof outcome === 'string') {
          expect(answer.status).to.equal(path === '/' ? 300 : 200);
          expect(answer.headers['openstack-api-version']).to.equal(`key-manager ${outcome}`);
          expect(varies(answer)).to.deep.equal(['openstack-api-version']);
        } else {
          expect(answer.status).to.equal(outcome);
          expect(answer.headers).not.to.have.any.keys('openstack-api-version', 'vary');
        }
      });
    }
  }

  it('says under /v1 what was wrong, in JSON whatever Accept says', async () => {
    const cases: readonly [string, number, string, string][] = [
      ['1.9', 406, 'Not Acceptable', 'Invalid microversion: Unacceptable version header: 1.9'],
      ['foo', 400, 'Bad Request', 'Invalid microversion: invalid version string: foo'],
    ];
    for (const [asked, code, title, description] of cases) {
      for (const Accept of ['text/plain', '*/*', 'application/json']) {
        const headers = { 'OpenStack-API-Version': `key-manager ${asked}`, Accept };
        const answer = await app().request('GET', '/v1/secrets', { headers });
        expect(answer.text).to.equal(JSON.stringify({ code, title, description }));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      }
    }
  });

  it('says outside /v1 what was wrong in the form that was asked for', async () => {
    const forms: readonly [Record<string, string>, string][] = [
      [{}, 'text/plain'],
      [{ Accept: 'text/html' }, 'text/html'],
      [{ Accept: '*/*' }, 'text/html'],
      [{ Accept: 'application/json' }, 'application/json'],
    ];
    for (const [accept, type] of forms) {
      const headers = { 'OpenStack-API-Version': 'key-manager <9.9>', ...accept };
      const answer = await app().request('GET', '/', { headers });
      expect(answer.status).to.equal(400);
      expect(answer.headers['content-type']?.split(';')[0]).to.equal(type);
      expect(answer.text.replace('&lt;', '<')).to.contain('Invalid microversion');
      if (type === 'text/html') expect(answer.text).not.to.contain('<9.9>');
    }
  });

  const SHOWN: readonly [string, boolean][] = [
    ['1.0', false],
    ['1.1', true],
    ['1.2', true],
  ];
  for (const [asked, consumers] of SHOWN) {
    it(`secrets ${consumers ? 'show' : 'do not show'} their consumers at ${asked}`, async () => {
      const path = await created(app(), { name: asked });
      const headers = { 'OpenStack-API-Version': `key-manager ${asked}` };
      const one = (await app().request('GET', path, { headers })).json;
      const list = (await app().request('GET', `/v1/secrets?name=${asked}`, { headers })).json;
      const [item] = list?.['secrets'] as [Record<string, unknown>];
      for (const secret of [one, item]) {
        if (consumers) expect(secret).to.have.property('consumers').that.deep.equals([]);
        else expect(secret).not.to.have.property('consumers');
      }
    });
  }

  it('sent in two headers are one list', async () => {
    const lines = ['OpenStack-API-Version: key-manager 1.0', 'OpenStack-API-Version: key-manager 1.1'];
    const answer = await exchange(app().url, handmade('GET /v1/secrets', lines));
    expect(answer.status).to.equal(200);
    expect(answer.head.toLowerCase()).to.contain('openstack-api-version: key-manager 1.1');
  });

  it('are named on refusals too', async () => {
    const headers = { 'OpenStack-API-Version': 'key-manager 1.1' };
    for (const [method, path, status] of [
      ['GET', '/v1/nothing', 404],
      ['GET', '/v1/secrets/x', 404],
      ['PATCH', '/v1/secrets', 405],
      ['POST', '/v1/secrets', 415],
      ['HEAD', '/v1/secrets', 405],
    ] as const) {
      const answer = await app().request(method, path, { headers });
      expect(answer.status).to.equal(status);
      expect(answer.headers['openstack-api-version']).to.equal('key-manager 1.1');
      expect(varies(answer)).to.include('openstack-api-version');
    }
  });
});
