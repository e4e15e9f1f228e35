import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  absentServers,
  allStores,
  areServersRequired,
  REAL_STORES,
  service,
  vaultAccess,
  type RealKind,
} from '../helpers/real-stores.ts';
import { skipAloud } from '../helpers/databases.ts';
import { startBroker, type RunningBroker } from './broker.ts';
import { keystoneIdentity } from './identities.ts';
import { readSeed, userOf } from './keystone.ts';
import { openstackAs } from './openstack.ts';
import { requireServices } from './services.ts';
import { clientSets } from './suites.ts';

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** What a user would keep of each type. */
const PAYLOADS: Readonly<Record<string, () => Buffer>> = {
  symmetric: () => randomBytes(32),
  passphrase: () => Buffer.from('correct horse 🐎 battery staple\n'),
  private: () => Buffer.from(pair.privateKey),
  public: () => Buffer.from(pair.publicKey),
  certificate: certificate,
  opaque: () => Buffer.concat([Buffer.from([0, 0xff, 0]), randomBytes(1_000), Buffer.from('\0')]),
};

function certificate(): Buffer {
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=www.example.org',
    '-days',
    '30',
  ];
  return execFileSync('openssl', [...words, '-keyout', '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] });
}

describe('openstack secret at a broker with all five stores', function () {
  this.timeout(300_000);
  const absent = absentServers();
  if (absent !== undefined) {
    skipAloud(absent, areServersRequired());
    return;
  }
  const clients = clientSets[1]!;
  let broker: RunningBroker | undefined;
  let folder: string;
  /** The reference of each secret that a project stored, by its type. */
  const stored = new Map<RealKind, Map<string, string>>();

  before(async function () {
    requireServices(this, ['postgres', 'keystone', 'clients']);
    folder = mkdtempSync(join(tmpdir(), 'postern-all-stores-'));
    broker = await startBroker({
      database: 'pg',
      identity: keystoneIdentity(readSeed()),
      stores: allStores,
      prepare: [['keys', 'init', 'pkcs11']],
      url: readSeed().key_manager_url,
    });
    for (const { kind } of REAL_STORES) {
      await broker.command('stores', 'assign', userOf(readSeed(), `creator-${kind}`).project_id, kind);
    }
  });
  after(async () => {
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps a payload of every type for every project, byte for byte', async () => {
    await Promise.all(REAL_STORES.map(({ kind }) => storeAndGet(kind)));
  });

  async function storeAndGet(kind: RealKind): Promise<void> {
    const openstack = openstackAs(clients, `creator-${kind}`);
    const refs = new Map<string, string>();
    stored.set(kind, refs);
    for (const [type, make] of Object.entries(PAYLOADS)) {
      const [sent, received] = [join(folder, `${kind}-${type}`), join(folder, `${kind}-${type}-back`)];
      writeFileSync(sent, make());
      const href = ['-f', 'value', '-c', 'Secret href'];
      const given = await openstack.text('secret', 'store', '-s', type, '-n', type, '--file', sent, ...href);
      refs.set(type, given.trim());
      const octets = ['--payload_content_type', 'application/octet-stream'];
      await openstack.text('secret', 'get', '--file', received, ...octets, given.trim());
      expect(readFileSync(received).equals(readFileSync(sent)), `${kind} ${type}`).to.equal(true);
    }
  }

  it('prints a text payload from every store', async () => {
    await Promise.all(
      REAL_STORES.map(async ({ kind }) => {
        const openstack = openstackAs(clients, `creator-${kind}`);
        const text = `in ${kind}: ß 中`;
        const href = ['-f', 'value', '-c', 'Secret href'];
        const ref = (await openstack.text('secret', 'store', '--payload', text, ...href)).trim();
        const shown = await openstack.text('secret', 'get', '--payload', '-f', 'value', '-c', 'Payload', ref);
        expect(shown).to.equal(`${text}\n`);
      }),
    );
  });

  it('counts them where the projects were assigned', async () => {
    const rows = JSON.parse((await broker?.command('stores', 'list', '--json')) ?? '') as {
      name: string;
      secrets: number;
    }[];
    expect(Object.fromEntries(rows.map(({ name, secrets }) => [name, secrets]))).to.deep.equal(
      Object.fromEntries(REAL_STORES.map(({ kind }) => [kind, Object.keys(PAYLOADS).length + 1])),
    );
  });

  const opaqueOf = (kind: RealKind): { id: string; bytes: Buffer } => ({
    id: new URL(stored.get(kind)?.get('opaque') ?? '').pathname.split('/').at(-1) ?? '',
    bytes: readFileSync(join(folder, `${kind}-opaque`)),
  });

  it('leaves keys in the HSM, and no payload', async () => {
    const objects = await service('softhsm', 'tool', '--list-objects');
    expect(objects).to.match(/Secret Key Object; AES[\s\S]*label: +real-mkek/);
    expect(objects).to.match(/label: +real-hmac/);
    expect(objects).not.to.contain(opaqueOf('pkcs11').id);
    expect(objects).not.to.contain('Data object');
  });

  it('has registered an object at the KMIP server', () => {
    const script = new URL('../services/pykmip-look.py', import.meta.url).pathname;
    const look = (name: string): string =>
      execFileSync(
        '/usr/bin/python3',
        ['-W', 'ignore', script, process.env['POSTERN_TEST_KMIP_TLS'] ?? '', kmipPort(), name],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      ).trim();
    expect(look(`postern:kmip:${opaqueOf('kmip').id}`)).to.equal('1');
    expect(look(`postern:kmip:${randomBytes(8).toString('hex')}`)).to.equal('0');
  });

  it('has written an entry to Vault', () => {
    const { url, tls, root_token: token } = vaultAccess();
    const { id, bytes } = opaqueOf('vault');
    const project = userOf(readSeed(), 'creator-vault').project_id;
    const answer = curl(
      ['--cacert', join(tls, 'ca.pem'), `${url}/v1/secret/data/postern/${project}/${id}`],
      `header = "X-Vault-Token: ${token}"`,
    );
    const { data } = JSON.parse(answer) as { data: { data: { v: string } } };
    expect(Buffer.from(data.data.v, 'base64').equals(bytes)).to.equal(true);
  });

  it('has archived a key in the KRA', () => {
    const pki = process.env['POSTERN_TEST_DOGTAG_PKI'] ?? '';
    const files = [
      '--cacert',
      join(pki, 'ca.crt'),
      '--cert',
      join(pki, 'admin.crt'),
      '--key',
      join(pki, 'admin.key'),
    ];
    const { id } = opaqueOf('dogtag');
    const url = `${process.env['POSTERN_TEST_DOGTAG'] ?? ''}/kra/rest/agent/keys?size=1000&clientKeyID=`;
    const answer = curl([
      ...files,
      '-H',
      'Accept: application/json',
      `${url}${encodeURIComponent(`postern:dogtag:${id}`)}`,
    ]);
    const { entries } = JSON.parse(answer) as { entries: { status: string; clientKeyID: string }[] };
    expect(entries.map(({ status }) => status)).to.deep.equal(['active']);
  });
});

const kmipPort = (): string => (process.env['POSTERN_TEST_KMIP'] ?? '').split(':')[1] ?? '';

/** A token goes in by standard input: an argument is for everybody to read. */
const curl = (words: readonly string[], config = ''): string =>
  execFileSync('curl', ['-sSf', '--config', '-', ...words], { encoding: 'utf8', input: config });
