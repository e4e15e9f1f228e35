import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { clientEnvironment, readSeed, userOf } from './keystone.ts';
import { run, runOk, type Outcome } from './run.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

/** The load balancer's own user: of another project, with no role there that means anything to the key manager. */
const BALANCER = 'compute';

// The commands are those that providers of OpenStack clouds print for their customers, in a shell as theirs.
describeBroker(
  'user guides',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) {
      describe(`${clients.name} client`, () => {
        secrets(clients);
        orders(clients);
        certificates(clients);
      });
    }
  },
);

type Shell = (line: string) => Promise<string>;

function call(clients: ClientSet, user: string, line: string): Parameters<typeof run> {
  const folder = clients.program('openstack').replace(/\/openstack$/, '');
  const environment = { ...clientEnvironment(readSeed(), user), PATH: `${folder}:${process.env['PATH']}` };
  return ['bash', ['-euo', 'pipefail', '-c', line], environment];
}

function shellOf(clients: ClientSet, user = 'creator-a'): Shell {
  return async (line) => (await runOk(...call(clients, user, line))).trimEnd();
}

function failing(clients: ClientSet, user: string, line: string): Promise<Outcome> {
  return run(...call(clients, user, line));
}

/** A column of the table that a command prints when it is not told how: what customers look at, and copy from. */
function cell(table: string, column: string): string {
  const line = table.split('\n').find((row) => row.startsWith(`| ${column} `));
  return line?.split('|')[2]?.trim() ?? '';
}

function secrets(clients: ClientSet): void {
  const shell = shellOf(clients);

  it('a secret: store, get, get --payload, list, delete', async () => {
    const name = `mysecret-${randomUUID()}`;
    const stored = await shell(`openstack secret store --name ${name} --payload 'j4=]d21'`);
    const href = cell(stored, 'Secret href');
    expect(cell(stored, 'Name')).to.equal(name);
    const shown = await shell(`openstack secret get ${href}`);
    expect(cell(shown, 'Status')).to.equal('ACTIVE');
    expect(cell(shown, 'Content types')).to.match(
      /^\{'default': '(text\/plain|application\/octet-stream)'\}$/,
    );
    expect(cell(await shell(`openstack secret get ${href} --payload`), 'Payload')).to.contain('j4=]d21');
    const listed = await shell(`openstack secret list --name ${name} | awk '/ ${name} / {print $2}'`);
    expect(listed).to.equal(href);
    await shell(`openstack secret delete ${href}`);
    expect((await failing(clients, 'creator-a', `openstack secret get ${href}`)).stderr).to.contain(
      'Not Found',
    );
  });

  it('a secret in two steps', async () => {
    const href = cell(await shell('openstack secret store --name my-secret'), 'Secret href');
    await shell(`openstack secret update ${href} 'TOP SECRET'`);
    expect(cell(await shell(`openstack secret get ${href} --payload`), 'Payload')).to.equal('TOP SECRET');
  });
}

function orders(clients: ClientSet): void {
  const shell = shellOf(clients);

  it('a key: order create, order get, secret get, secret get --file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-guide-'));
    try {
      const order = cell(
        await shell(
          'openstack secret order create --name key --algorithm aes --mode ctr --bit-length 256' +
            ' --payload-content-type application/octet-stream key',
        ),
        'Order href',
      );
      // Keys are made outside the request: whoever is told to look again looks again.
      const href = await shell(
        'for try in 1 2 3 4 5; do' +
          ` row=$(openstack secret order get ${order} -f value -c Status -c 'Secret href');` +
          ' case $row in *ACTIVE*) break ;; esac; sleep 1; done; head -n 1 <<<"$row"',
      );
      const shown = await shell(`openstack secret get ${href}`);
      expect(cell(shown, 'Name')).to.equal('key');
      expect([cell(shown, 'Algorithm'), cell(shown, 'Bit length'), cell(shown, 'Mode')]).to.deep.equal([
        'aes',
        '256',
        'ctr',
      ]);
      const file = join(folder, 'key');
      await shell(
        `openstack secret get --payload_content_type application/octet-stream --file ${file} ${href}`,
      );
      expect(readFileSync(file)).to.have.length(32);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function certificates(clients: ClientSet): void {
  const shell = shellOf(clients);
  const balancer = shellOf(clients, BALANCER);
  let folder: string;
  before('make a certificate', () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-guide-'));
    const subject = ['-subj', '/CN=www.example.com', '-keyout', 'server.key', '-out', 'server.crt'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject], {
      cwd: folder,
      stdio: 'ignore',
    });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('a certificate for a load balancer: container, access control lists, and what its user reads', async () => {
    const store = async (file: string): Promise<string> => {
      const payload = `--payload-content-type 'text/plain' --payload="$(cat ${folder}/${file})"`;
      return cell(await shell(`openstack secret store --name ${file} ${payload}`), 'Secret href');
    };
    const members = ['certificate', 'private_key', 'intermediates'] as const;
    const files = ['server.crt', 'server.key', 'server.crt'] as const;
    const refs = await Promise.all(files.map(store));
    const [, key] = refs;
    const parts = members.map((name, index) => `--secret="${name}=${refs[index]}"`).join(' ');
    const create = "openstack secret container create --name='tls_container' --type='certificate'";
    const container = cell(await shell(`${create} ${parts}`), 'Container href');
    const read = `openstack secret get --payload -f value ${key}`;
    expect((await failing(clients, BALANCER, read)).stderr).to.contain('Forbidden');
    const user = userOf(readSeed(), BALANCER).id;
    const shared = [container, ...refs].map((ref) => shell(`openstack acl user add -u ${user} ${ref}`));
    await Promise.all(shared);
    expect(await balancer(`openstack secret container get ${container} -f value -c 'Private Key'`)).to.equal(
      key,
    );
    expect(await balancer(read)).to.equal(readFileSync(join(folder, 'server.key'), 'utf8').trimEnd());
    const removed = await failing(clients, BALANCER, `openstack secret delete ${key}`);
    expect(removed.stderr).to.contain('Forbidden');
  });

  it('a PKCS #12 bundle for a load balancer', async () => {
    const bundle = 'pkcs12 -export -inkey server.key -in server.crt -passout pass: -out server.p12';
    execFileSync('openssl', bundle.split(' '), { cwd: folder });
    const stored = await shell(
      "openstack secret store --name='tls_secret1' -t 'application/octet-stream' -e 'base64'" +
        ` --payload="$(base64 < ${folder}/server.p12)"`,
    );
    const href = cell(stored, 'Secret href');
    await shell(`openstack acl user add -u ${userOf(readSeed(), BALANCER).id} ${href}`);
    await balancer(
      `openstack secret get --payload_content_type application/octet-stream --file ${folder}/read ${href}`,
    );
    expect(readFileSync(join(folder, 'read'))).to.deep.equal(readFileSync(join(folder, 'server.p12')));
    rmSync(join(folder, 'read'));
  });
}
