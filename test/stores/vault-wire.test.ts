import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mock } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { createAlarm } from '../../backends/vault/alarm.ts';
import { createVaultClient } from '../../backends/vault/client.ts';
import { createTransport, type Answer, type WireRequest } from '../../backends/vault/transport.ts';
import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { startFarEnd, type FarEnd } from './vault-far-end.ts';
import { absentVault, openVault, pem } from './vault-server.ts';

describe('requests to a Vault cluster', () => {
  let active: FarEnd;
  let standby: FarEnd;
  const opened: SecretStore[] = [];
  before(async () => {
    [active, standby] = [await startFarEnd(), await startFarEnd()];
  });
  beforeEach(() => {
    for (const end of [active, standby]) {
      end.play = () => undefined;
      end.asked.length = 0;
    }
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  after(async () => {
    await active.close();
    await standby.close();
  });
  const open = async (end: FarEnd, changes = {}): Promise<SecretStore> => {
    const store = await end.open(changes);
    opened.push(store);
    return store;
  };
  const sendingTo =
    (url: string, status = 307): FarEnd['play'] =>
    ({ path }) =>
      path === 'sys/health' ? undefined : { status, headers: { Location: `${url}/v1/${path}` } };

  it('follow a standby to a node that the configuration names, with body and token', async () => {
    standby.play = sendingTo(active.url);
    const store = await open(standby, { nodes: [active.url] });
    await store.put(aSecretHeader(), payloadOf('followed'));
    const [{ path, body, headers } = {}] = active.asked.slice(-1);
    expect(path).to.match(/^secret\/data\/postern\//);
    expect(body).to.contain(Buffer.from('followed').toString('base64'));
    expect(headers).to.include({ 'x-vault-token': 'token-1', 'x-vault-request': 'true' });
  });

  it('never go to a node that it does not name, and nothing is sent there', async () => {
    standby.play = sendingTo(active.url);
    const error = await rejection(open(standby));
    expect(error).to.be.instanceOf(StoreMisconfigured);
    expect((error as StoreMisconfigured).detail)
      .to.contain(active.url)
      .and.contain('"nodes"');
    expect(active.asked).to.deep.equal([]);
  });

  it('go nowhere when a standby names nobody', async () => {
    for (const headers of [{}, { Location: '/v1/relative' }, { Location: 'nonsense' }]) {
      standby.play = ({ path }) => (path === 'sys/health' ? undefined : { status: 307, headers });
      expect(await rejection(open(standby))).to.be.instanceOf(StoreMisconfigured);
    }
  });

  it('end when nodes send them in circles', async () => {
    standby.play = sendingTo(active.url);
    active.play = sendingTo(standby.url);
    const error = await rejection(open(standby, { nodes: [active.url] }));
    expect((error as Error).constructor).to.equal(StoreUnavailable);
    expect((error as StoreUnavailable).detail).to.contain('in circles');
  });

  it('carry the namespace, and logins their own; only the question about health has none', async () => {
    const store = await open(active, { namespace: 'team/keys', login_namespace: 'team' });
    await store.locate(aSecretHeader());
    const spaces = active.asked.map(({ path, headers }) => [
      path.split('/')[0],
      headers['x-vault-namespace'],
    ]);
    expect(spaces).to.deep.include(['auth', 'team']).and.deep.include(['secret', 'team/keys']);
    expect(spaces.filter(([, space]) => space === undefined).length).to.equal(1);
    active.asked.length = 0;
    await (await open(active, { namespace: 'team' })).locate(aSecretHeader());
    expect(active.asked.find(({ path }) => path.endsWith('/login'))?.headers['x-vault-namespace']).to.equal(
      'team',
    );
  });

  it('have no more connections than operations, and keep them', async () => {
    const store = await open(active, { concurrency: 3 });
    await Promise.all(Array.from({ length: 40 }, () => store.locate(aSecretHeader())));
    expect(active.connections()).to.be.at.most(3 + 4);
  });

  it('take nothing from the environment, and print nothing', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      VAULT_ADDR: 'http://127.0.0.1:1',
      VAULT_TOKEN: 'from-the-environment',
      VAULT_NAMESPACE: 'from-the-environment',
      VAULT_PREFIX: '/from-the-environment',
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
    });
    const written: string[] = [];
    const write = mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0);
    try {
      const store = await open(active, { name: 'calm' });
      await store.put(aSecretHeader(), payloadOf('calm'));
    } finally {
      write.mock.restore();
      for (const name of Object.keys(process.env))
        if (!(name in before)) Reflect.deleteProperty(process.env, name);
    }
    expect(JSON.stringify(active.asked)).not.to.contain('from-the-environment');
    expect(written).to.deep.equal([]);
  });

  it('are handed over by the client library as they were made', async () => {
    const seen: WireRequest[] = [];
    const send = (request: WireRequest): Promise<Answer> => {
      seen.push(request);
      return Promise.resolve({ status: 418, headers: { a: 'b' }, body: Buffer.from('tea') });
    };
    const transport = { send, serverCertificateEnds: () => undefined, close: () => undefined };
    const client = createVaultClient({ name: 'vault', url: 'https://vault', nodes: [] }, transport);
    const body = Buffer.from('{}');
    const answer = await client.call({ method: 'POST', path: 'a&amp;b/&lt;', token: 't', body });
    expect(answer).to.deep.equal({ status: 418, headers: { a: 'b' }, body: Buffer.from('tea') });
    expect(seen[0]?.uri).to.equal('https://vault/v1/a&amp;b/&lt;');
    expect(seen[0]?.body).to.equal(body);
    expect(seen[0]?.headers).to.deep.equal({ 'X-Vault-Request': 'true', 'X-Vault-Token': 't' });
  });
});

describe('connections to a Vault server', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const listen = async (server: Server): Promise<string> => {
    servers.push(server.on('connection', (socket) => sockets.push(socket.on('error', () => undefined))));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });
  const attempt = async (uri: string, tls: object = {}): Promise<StoreUnavailable> => {
    const timeouts = { connect: 0.2, request: 1 };
    const transport = createTransport({ name: 'vault', tls, timeouts, concurrency: 1 });
    const error = await rejection(transport.send({ method: 'GET', uri, headers: {} }));
    transport.close();
    expect(error).to.be.instanceOf(StoreUnavailable);
    return error as StoreUnavailable;
  };

  it('that do not shake hands in time are given up before the time of an answer is over', async () => {
    const began = performance.now();
    const { detail } = await attempt(`https://${await listen(createServer())}`);
    expect(detail).to.match(/no connection in time/);
    expect(performance.now() - began).to.be.below(900);
  });

  it('to a name that nobody knows and to a port without TLS are unavailable', async () => {
    const unknown = await attempt('https://vault.invalid');
    expect(unknown.constructor).to.equal(StoreUnavailable);
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await attempt(`https://${await listen(plain)}`);
    expect(error.constructor).to.equal(StoreUnavailable);
    expect(error.detail).to.match(/TLS 1\.2 or later/);
  });

  (absentVault === undefined ? describe : describe.skip)('with a certificate', () => {
    const answering = (name: string, more: object = {}): Server =>
      createTlsServer({ cert: pem(`${name}.pem`), key: pem(`${name}.key`), ...more }, (socket) => {
        socket.on('error', () => undefined).end('HTTP/1.1 204 No Content\r\n\r\n');
      });

    it('that has ended, is not for servers or is of strangers are refused, whatever VAULT_SKIP_VERIFY says', async () => {
      process.env['VAULT_SKIP_VERIFY'] = '1';
      try {
        for (const name of ['expired', 'client', 'foreign']) {
          const error = await attempt(`https://${await listen(answering(name))}`, { ca: pem('ca.pem') });
          expect(error.constructor, name).to.equal(StoreMisconfigured);
          expect(error.detail, name).to.match(/the server's certificate is not accepted \([A-Z_]+\)/);
        }
      } finally {
        delete process.env['VAULT_SKIP_VERIFY'];
      }
    });

    it('of a server that wants ours are refused without one', async () => {
      const strict = answering('server', { requestCert: true, rejectUnauthorized: true, ca: pem('ca.pem') });
      const error = await attempt(`https://${await listen(strict)}`, { ca: pem('ca.pem') });
      expect(error.constructor).to.equal(StoreMisconfigured);
      expect(error.detail).to.contain('see tls.cert');
    });

    it('below TLS 1.2 are not made', async () => {
      const old = answering('server', {
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
        ciphers: 'ALL:@SECLEVEL=0',
      });
      const error = await attempt(`https://${await listen(old)}`, { ca: pem('ca.pem') });
      expect(error.detail).to.match(/TLS 1\.2 or later/);
    });

    it('and another name than the host are made when the configuration gives it', async () => {
      const store = await openVault({ tls: { ca: pem('ca.pem'), servername: 'localhost' } });
      await store.close();
    });
  });
});

describe('the alarm that renews tokens', () => {
  const DAY_MS = 86_400_000;
  /** What Node was asked to wait, in turn; run by hand. */
  const waits: { readonly ms: number; readonly run: () => void }[] = [];
  beforeEach(() => {
    mock.method(globalThis, 'setTimeout', (run: () => void, ms: number) => {
      waits.push({ ms, run });
      return { unref: () => undefined };
    });
  });
  afterEach(() => {
    mock.restoreAll();
    waits.length = 0;
  });

  it('waits for 60 days in steps that a timer of Node can wait, and rings once', () => {
    let rings = 0;
    createAlarm(() => (rings += 1)).set(60 * DAY_MS);
    for (let at = 0; at < waits.length; at += 1) {
      expect(rings).to.equal(0);
      waits[at]?.run();
    }
    expect(rings).to.equal(1);
    expect(waits.reduce((sum, { ms }) => sum + ms, 0)).to.equal(60 * DAY_MS);
    expect(Math.max(...waits.map(({ ms }) => ms))).to.equal(2 ** 31 - 1);
  });
});
