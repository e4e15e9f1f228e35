import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { broker, JSON_TYPE, REQUEST_ID, varies } from './wire.ts';

const links = (base: string): object[] => [
  { rel: 'self', href: `${base}/v1/` },
  { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
];

const oldEntry = (base: string): object => ({
  id: 'v1',
  status: 'stable',
  links: links(base),
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.key-manager-v1+json' }],
});

const newEntry = (base: string, highest = '1.2'): object => ({
  id: 'v1',
  status: 'CURRENT',
  min_version: '1.0',
  max_version: highest,
  links: links(base),
});

const version = (number: string): Record<string, string> => ({
  'OpenStack-API-Version': `key-manager ${number}`,
});

describe('version discovery', () => {
  const app = broker();

  describe('GET /', () => {
    const SHAPES: readonly [string, Record<string, string>, (base: string) => object, string][] = [
      ['no version asked for', {}, (base) => ({ versions: { values: [oldEntry(base)] } }), '1.0'],
      ['1.0', version('1.0'), (base) => ({ versions: { values: [oldEntry(base)] } }), '1.0'],
      ['1.1', version('1.1'), (base) => ({ versions: [newEntry(base)] }), '1.1'],
      ['1.2', version('1.2'), (base) => ({ versions: [newEntry(base)] }), '1.2'],
      ['latest', version('latest'), (base) => ({ versions: [newEntry(base)] }), '1.2'],
    ];
    for (const [name, headers, body, shown] of SHAPES) {
      it(`has the shape of its version: ${name}`, async () => {
        const answer = await app().request('GET', '/', { headers });
        expect(answer.status).to.equal(300);
        expect(answer.text).to.equal(JSON.stringify(body(app().url)));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expectVersioned(answer, shown);
      });
    }

    it('asks nobody who they are', async () => {
      const answer = await app().request('GET', '/', { headers: { 'X-Project-Id': '', 'X-User-Id': '' } });
      expect(answer.status).to.equal(300);
    });

    for (const query of ['?build', '?build=', '?build=x', '?a=b&build=1']) {
      it(`${query} names the build`, async () => {
        const answer = await app().request('GET', `/${query}`);
        expect(answer.status).to.equal(200);
        expect(answer.text).to.match(/^\{"build":"\d+\.\d+\.\d+[^"]*"\}$/);
        expectVersioned(answer, '1.0');
      });
    }

    it('sends a client of JSON Home on to the version', async () => {
      const answer = await app().request('GET', '/', { headers: { Accept: 'application/json-home' } });
      expect(answer.status).to.equal(302);
      expect(answer.headers.location).to.equal(`${app().url}/v1/`);
    });

    for (const Accept of [
      'application/json',
      '*/*',
      'application/*',
      'text/html, */*;q=0.1',
      'application/json;q=0.2',
    ]) {
      it(`answers Accept: ${Accept}`, async () => {
        expect((await app().request('GET', '/', { headers: { Accept } })).status).to.equal(300);
      });
    }

    for (const Accept of ['text/html', 'text/plain', 'application/xml', 'application/json;q=0']) {
      it(`refuses Accept: ${Accept}`, async () => {
        const answer = await app().request('GET', '/', { headers: { Accept } });
        expect(answer.status).to.equal(406);
        expectVersioned(answer, '1.0');
      });
    }

    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD']) {
      for (const headers of [{}, { Accept: 'application/json' }]) {
        it(`refuses ${method} with ${JSON.stringify(headers)}`, async () => {
          const answer = await app().request(method, '/', { headers });
          expect(answer.status).to.equal(405);
          expect(answer.headers.allow).to.equal('GET');
          expectVersioned(answer, '1.0');
          if (method === 'HEAD') expect(answer.bytes.length).to.equal(0);
        });
      }
    }
  });

  describe('everything else outside /v1', () => {
    for (const path of ['/foo', '/v2', '/v2/secrets', '/v1.0', '/v11', '/V1', '/v1.0/secrets', '/foo/bar']) {
      it(`is not found: ${path}`, async () => {
        const answer = await app().request('GET', path, { headers: { 'X-Project-Id': '' } });
        expect(answer.status).to.equal(404);
        expect(answer.headers['content-type']).to.match(/^text\/plain\b/);
        expect(answer.text).to.contain('404 Not Found');
        expectVersioned(answer, '1.0');
      });
    }

    it('is a page of HTML for a browser', async () => {
      const answer = await app().request('GET', '/foo', { headers: { Accept: 'text/html,*/*;q=0.8' } });
      expect(answer.status).to.equal(404);
      expect(answer.headers['content-type']).to.match(/^text\/html\b/);
      expect(answer.text).to.match(/^<html>.*404 Not Found.*<\/html>/s);
    });

    it('is a page of HTML for */*', async () => {
      const answer = await app().request('GET', '/foo', { headers: { Accept: '*/*' } });
      expect([answer.status, answer.headers['content-type']?.split(';')[0]]).to.deep.equal([
        404,
        'text/html',
      ]);
    });

    it('is JSON only if asked for', async () => {
      const answer = await app().request('GET', '/foo', { headers: { Accept: 'application/json' } });
      expect(answer.status).to.equal(404);
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      expect(Object.keys(answer.json ?? {})).to.deep.equal(['code', 'title', 'description']);
      expect(answer.json).to.include({ code: 404, title: 'Not Found' });
    });

    it('cannot be had as HTML alone', async () => {
      const answer = await app().request('GET', '/foo', { headers: { Accept: 'text/html' } });
      expect(answer.status).to.equal(406);
      expect(answer.headers['content-type']).to.match(/^text\/html\b/);
    });
  });

  describe('GET /v1', () => {
    for (const path of ['/v1', '/v1/', '//v1//']) {
      it(`is one version: ${path}`, async () => {
        const answer = await app().request('GET', path);
        expect(answer.status).to.equal(200);
        expect(answer.text).to.equal(JSON.stringify({ version: oldEntry(app().url) }));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
        expectVersioned(answer, '1.0');
      });
    }

    it('has the newer shape from 1.1', async () => {
      const answer = await app().request('GET', '/v1', { headers: version('1.1') });
      expect(answer.text).to.equal(JSON.stringify({ version: newEntry(app().url) }));
    });

    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      it(`refuses ${method}`, async () => {
        const answer = await app().request(method, '/v1');
        expect(answer.text).to.equal('{"code":405,"title":"Method Not Allowed","description":""}');
        expect(answer.headers.allow).to.equal('GET');
      });
    }

    it('asks who the caller is', async () => {
      expect((await app().request('GET', '/v1', { headers: { 'X-Project-Id': '' } })).status).to.equal(400);
    });
  });
});

describe('version discovery with a lower highest version', () => {
  const app = broker(undefined, { api: { max_microversion: '1.1' } });

  it('advertises what is served', async () => {
    const answer = await app().request('GET', '/', { headers: version('latest') });
    expect(answer.text).to.equal(JSON.stringify({ versions: [newEntry(app().url, '1.1')] }));
    expectVersioned(answer, '1.1');
  });

  it('refuses what is not', async () => {
    expect((await app().request('GET', '/', { headers: version('1.2') })).status).to.equal(406);
    expect((await app().request('GET', '/v1/secrets', { headers: version('1.2') })).status).to.equal(406);
  });
});

function expectVersioned(answer: Answer, shown: string): void {
  expect(answer.headers['openstack-api-version']).to.equal(`key-manager ${shown}`);
  expect(varies(answer)).to.include('openstack-api-version');
  expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
}
