import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityUnavailable } from '../../src/errors.ts';
import {
  asking,
  type KeystoneBench,
  rejection,
  type RawOptions,
  startKeystoneBench,
} from './keystone-bench.ts';
import { projectToken } from './keystone-tokens.ts';

/** Certificates of a day, made for this run: an authority, a server of this machine, a client. */
function createCertificates(folder: string): void {
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test CA',
    '-days',
    '1',
  );
  for (const [name, extension] of [
    ['server', 'subjectAltName=IP:127.0.0.1'],
    ['client', 'extendedKeyUsage=clientAuth'],
  ] as const) {
    writeFileSync(join(folder, `${name}.ext`), extension);
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signed = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '1',
      '-extfile',
      `${name}.ext`,
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  }
}

describe('Keystone over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'));
  const file = (name: string): string => join(folder, name);
  let bench: KeystoneBench | undefined;
  let connections = 0;
  before(() => createCertificates(folder));
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => bench?.stop());

  const ask = async (options: RawOptions, mutual = false): Promise<unknown> => {
    const tls = { cert: readFileSync(file('server.pem')), key: readFileSync(file('server.key')) };
    const client = { ca: readFileSync(file('ca.pem')), requestCert: true, rejectUnauthorized: true };
    bench = await startKeystoneBench(options, { tls: mutual ? { ...tls, ...client } : tls });
    connections = 0;
    bench.keystone.server.on('connection', () => (connections += 1));
    bench.keystone.tokens.set('user', projectToken(bench));
    return bench.provider.identify(asking({ 'x-auth-token': 'user' }));
  };

  it('is trusted when its certificate comes from cafile', async () => {
    expect(await ask({ cafile: file('ca.pem') })).to.have.nested.property('principal.user.id', 'u-1');
  });

  it('is 503 when its certificate is unknown, without a second attempt', async () => {
    const error = await rejection(ask({}));
    expect(error).to.be.instanceOf(IdentityUnavailable);
    expect(error).to.have.nested.property('cause.code', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(connections).to.equal(1);
  });

  it('is believed unseen only with insecure', async () => {
    expect(await ask({ insecure: true })).to.have.nested.property('principal.user.id', 'u-1');
  });

  it('sees our certificate when it asks for one', async () => {
    const own = { certfile: file('client.pem'), keyfile: file('client.key') };
    expect(await ask({ cafile: file('ca.pem'), ...own }, true)).to.have.nested.property(
      'principal.user.id',
      'u-1',
    );
  });

  it('is 503 when it asks for a certificate and we have none', async () => {
    expect(await rejection(ask({ cafile: file('ca.pem'), max_retries: 0 }, true))).to.be.instanceOf(
      IdentityUnavailable,
    );
  });
});
