import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ConfigurationError } from '../../src/errors.ts';
import type { PolicyEngine } from '../../src/policy/engine.ts';
import { createOpaEngine } from '../../src/policy/opa.ts';
import { createSource } from '../../src/policy/source.ts';
import { until } from './engines.ts';
import { BUNDLE, fixture } from './samples.ts';

/** What the bundle server says next, and what it was asked. */
interface Script {
  status: number;
  etag: string;
  body: Buffer;
  readonly asked: (string | undefined)[];
}

describe('a bundle from a server', () => {
  let server: Server;
  let script: Script;
  let url: string;
  let engine: PolicyEngine | undefined;

  beforeEach(async () => {
    script = { status: 200, etag: '"1"', body: readFileSync(fixture('site.tar.gz')), asked: [] };
    server = createServer((request, response) => {
      const known = request.headers['if-none-match'];
      script.asked.push(known);
      const status = script.status === 200 && known === script.etag ? 304 : script.status;
      response.writeHead(status, { ETag: script.etag, Location: '/elsewhere' });
      response.end(status === 304 ? undefined : script.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle.tar.gz`;
  });

  afterEach(async () => {
    await engine?.close();
    engine = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is asked for again only when it has changed', async () => {
    const seen: string[] = [];
    engine = await createOpaEngine({
      bundle: url,
      reloadSeconds: 0.01,
      onReload: (revision) => seen.push(revision),
      onError: (error) => seen.push(error.message),
    });
    await until(() => script.asked.length > 3);
    expect(script.asked.slice(0, 3)).to.deep.equal([undefined, '"1"', '"1"']);
    expect(seen).to.deep.equal([]);
    Object.assign(script, { etag: '"2"', body: readFileSync(BUNDLE) });
    await until(() => seen.length > 0);
    expect(seen).to.deep.equal([engine.revision]);
  });

  it('is asked for until it can be used', async () => {
    const seen: string[] = [];
    engine = await createOpaEngine({
      bundle: url,
      reloadSeconds: 0.01,
      onError: (error) => seen.push(error.message),
    });
    Object.assign(script, { etag: '"2"', body: Buffer.from('broken') });
    await until(() => seen.length > 1);
    expect(script.asked.at(-1)).to.equal('"1"');
    expect(seen[1]).to.contain('gzip');
  });

  for (const status of [404, 500, 302, 204]) {
    it(`stops the start on ${status}`, async () => {
      script.status = status;
      const failure: unknown = await createOpaEngine({ bundle: url }).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ConfigurationError);
    });
  }

  it('is refused beyond 32 MiB', async () => {
    script.body = Buffer.alloc(33 * 1024 * 1024);
    const failure: unknown = await createSource(url)
      .read()
      .catch((error: unknown) => error);
    expect((failure as Error).message).to.contain('over 32 MiB');
  });

  it('comes over plain http from this machine alone', () => {
    for (const host of [
      '10.0.0.1',
      'example.org',
      '127.0.0.1.example.org',
      '[::2]',
      'localhost.example.org',
    ]) {
      expect(() => createSource(`http://${host}/b`), host).to.throw(ConfigurationError, 'use https');
    }
    for (const bundle of [
      'http://127.0.0.1/b',
      'http://[::1]/b',
      'http://localhost/b',
      'https://example.org/b',
    ]) {
      expect(() => createSource(bundle), bundle).to.not.throw();
    }
    expect(() => createSource('http://')).to.throw(ConfigurationError, 'malformed');
  });
});
