import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { logIn, readSeed, userOf } from './keystone.ts';
import { made, openstackAs, secretWith, type OpenStack, type Row } from './openstack.ts';
import { send } from './request.ts';
import { clientSets, describeBroker } from './suites.ts';

/** What has a list. */
const MAKE = {
  secret: () => secretWith('x'),
  container: () => made('containers', { type: 'generic' }),
} as const;

describeBroker(
  'openstack acl and openstack secret consumer',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) {
      describe(`${clients.name} client`, () => {
        const openstack = openstackAs(clients);
        lists(openstack);
        refusal(openstackAs(clients, 'nobody-b'));
        if (clients.newest) consumers(openstack);
      });
    }
  },
);

function expectList([row, ...others]: readonly Row[], access: boolean, users: readonly string[]): void {
  expect(others).to.deep.equal([]);
  expect(row).to.include({ 'Operation Type': 'read', 'Project Access': access });
  expect(row?.['Users']).to.have.members([...users]);
}

function lists(openstack: OpenStack): void {
  it('submits, extends, cuts and deletes the lists of a secret and of a container', async () => {
    // The two have nothing to do with each other: half the wait.
    await Promise.all([MAKE.secret, MAKE.container].map(async (make) => changeList(openstack, await make())));
  });
}

async function changeList(openstack: OpenStack, ref: string): Promise<void> {
  const { id } = userOf(readSeed(), 'nobody-b');
  const acl = (...words: string[]): Promise<readonly Row[]> => openstack.rows('acl', ...words, ref);
  const token = await logIn(readSeed(), 'nobody-b');
  const reads = async (): Promise<boolean> =>
    (await send(ref, { headers: { 'X-Auth-Token': token } })).status === 200;
  expectList(await acl('get'), true, []);

  expectList(await acl('submit', '--user', 'one', '-u', 'two', '--no-project-access'), false, ['one', 'two']);
  expect(await reads()).to.equal(false);
  expectList(await acl('user', 'add', '-u', id), false, ['one', 'two', id]);
  expect(await reads()).to.equal(true);
  expectList(await acl('user', 'remove', '--user', id, '--project-access'), true, ['one', 'two']);
  expect(await reads()).to.equal(false);

  await openstack.text('acl', 'delete', ref);
  const [unset] = await acl('get');
  expect(unset).to.deep.include({ 'Project Access': true, Users: [], Created: null, Updated: null });
}

function refusal(other: OpenStack): void {
  it('refuses the list to a user of another project', async () => {
    const { status, stderr } = await other.failing('acl', 'get', await MAKE.secret());
    expect(status).to.equal(1);
    expect(stderr).to.contain('Forbidden');
  });
}

function consumers(openstack: OpenStack): void {
  it('registers, lists and removes consumers, and deletes a secret in use by force alone', async () => {
    const ref = await secretWith('x');
    const image = ['-s', 'glance', '-t', 'image', '-i', '1'];
    const volume = ['-s', 'cinder', '-t', 'volume', '-i', '2'];
    const listed = async (...words: string[]): Promise<unknown[]> =>
      (await openstack.rows('secret', 'consumer', 'list', ...words, ref)).map((row) => row['Service']);
    await openstack.text('secret', 'consumer', 'create', ...image, ref);
    await openstack.text('secret', 'consumer', 'create', ...volume, ref);
    expect(await listed()).to.deep.equal(['glance', 'cinder']);
    expect(await listed('--limit', '1', '--offset', '1')).to.deep.equal(['cinder']);
    await openstack.text('secret', 'consumer', 'delete', ...image, ref);
    expect(await listed()).to.deep.equal(['cinder']);

    const refused = await openstack.failing('secret', 'delete', ref);
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.contain('Secret cannot be deleted as it has consumers.');
    await openstack.text('secret', 'delete', '--force', ref);
    expect((await openstack.failing('secret', 'get', ref)).stderr).to.contain('Not Found');
  });
}
