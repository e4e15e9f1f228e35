import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { vaultOptions } from '../../backends/vault/index.ts';
import { refOf } from '../../backends/vault/paths.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { openWith, type Changes } from './vault-server.ts';

const SECRET = 'canary-9d1f';
const approle = { role_id: 'role', secret_id: SECRET };
const PEM = '-----BEGIN NOTHING-----';
const options = (changes: Changes = {}): Changes => ({
  kind: 'vault',
  name: 'vault',
  url: 'https://vault.example.org:8200',
  auth: { approle },
  ...changes,
});

describe('options of a vault store', () => {
  it('have defaults that the documentation names', () => {
    expect(vaultOptions.parse(options())).to.deep.equal({
      kind: 'vault',
      name: 'vault',
      url: 'https://vault.example.org:8200',
      nodes: [],
      auth: { approle: { mount: 'approle', ...approle } },
      mount: 'secret',
      kv_version: 2,
      prefix: 'postern',
      tls: {},
      timeouts: { connect: 2, request: 5 },
      concurrency: 32,
      deadline: 10,
    });
  });

  const TAKEN: Readonly<Record<string, Changes>> = {
    'a slash after the address': { url: 'https://vault.example.org/' },
    'plain HTTP on loopback': {
      url: 'http://127.0.0.1:8200',
      nodes: ['http://localhost:1', 'http://[::1]:2'],
    },
    'a nested mount and prefix': { mount: 'teams/keys', prefix: 'a/b.c/d' },
    'a wrapped secret id': { auth: { approle: { role_id: 'role', wrapped_secret_id: SECRET } } },
    'a token': { auth: { token: SECRET } },
    'a certificate': { auth: { certificate: {} }, tls: { cert: PEM, key: PEM } },
  };
  for (const [what, changes] of Object.entries(TAKEN)) {
    it(`take ${what}`, () => {
      expect(vaultOptions.safeParse(options(changes)).error?.issues).to.equal(undefined);
    });
  }

  const REFUSED: Readonly<Record<string, Changes>> = {
    'plain HTTP to elsewhere': { url: 'http://vault.example.org:8200' },
    'plain HTTP to what only begins like loopback': { url: 'http://127.0.0.1.example.org' },
    'plain HTTP to another node': { nodes: ['http://vault-2.example.org'] },
    'an address with a path': { url: 'https://vault.example.org/v1' },
    'an address with a user': { url: `https://user:${SECRET}@vault.example.org` },
    'an address of something else': { url: 'ftp://vault.example.org' },
    'no way to log in': { auth: {} },
    'two ways to log in': { auth: { approle, token: SECRET } },
    'a role without a secret id': { auth: { approle: { role_id: 'role' } } },
    'a role with two': { auth: { approle: { ...approle, wrapped_secret_id: SECRET } } },
    'an empty token': { auth: { token: '' } },
    'a login by certificate without one': { auth: { certificate: {} } },
    'a certificate without its key': { tls: { cert: PEM } },
    'a key without its certificate': { tls: { key: PEM } },
    'a certificate that is none': { tls: { cert: SECRET, key: SECRET } },
    'a switch that turns verification off': { tls: { rejectUnauthorized: false } },
    'a mount that leads elsewhere': { mount: '../sys' },
    'a mount with a slash at its end': { mount: 'secret/' },
    'an empty prefix': { prefix: '' },
    'a prefix with a space': { prefix: 'a b' },
    'a prefix too long for a ref': { prefix: 'p'.repeat(101) },
    'an engine of version 3': { kv_version: 3 },
    'a time-out of nothing': { timeouts: { connect: 0 } },
    'an unknown option': { skip_verify: true },
    'no name': { name: '' },
  };
  for (const [what, changes] of Object.entries(REFUSED)) {
    it(`refuse ${what}, and quote no secret`, () => {
      const { success, error } = vaultOptions.safeParse(options(changes));
      expect(success).to.equal(false);
      expect(inspect(error, { depth: 9 })).not.to.contain(SECRET);
    });
  }

  it('with PEM that cannot be read do not open the store, which names the option', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    for (const [tls, option] of [
      [{ ca: PEM }, 'tls.ca'],
      [{ cert: PEM, key }, 'tls.cert'],
    ] as const) {
      const error = await rejection(openWith(vaultOptions.parse(options({ tls }))));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as ConfigurationError).message)
        .to.contain('"vault"')
        .and.contain(option);
    }
  });
});

describe('where a vault store keeps a secret', () => {
  it('fits the 255 characters of a ref with the longest prefix and ids', () => {
    const secret = aSecretHeader({ id: secretId('s'.repeat(400)), projectId: projectId('p'.repeat(400)) });
    expect(refOf('p'.repeat(100), secret)).to.have.length.below(256);
  });

  it('is its project and its id as they are, where they are plain', () => {
    const secret = aSecretHeader();
    expect(refOf('postern', secret)).to.equal(`postern/${secret.projectId}/${secret.id}`);
  });
});

describe('what the client library of a vault store prints', () => {
  it('is nothing, with every debug switch on', () => {
    const client = new URL('../../backends/vault/client.ts', import.meta.url).href;
    const program = `
      const { createVaultClient } = await import(${JSON.stringify(client)});
      const send = () => Promise.resolve({ status: 204, headers: {}, body: Buffer.alloc(0) });
      const vault = createVaultClient({ name: 'v', url: 'https://v', nodes: [] }, { send });
      await vault.call({ method: 'POST', path: 'x', token: '${SECRET}', body: Buffer.from('${SECRET}') });
      console.log('sent');`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      { env: { ...process.env, DEBUG: '*' }, encoding: 'utf8' },
    );
    expect(stdout).to.equal('sent\n');
    expect(stderr).not.to.contain(SECRET).and.not.to.contain('node-vault');
  });
});
