import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { logIn, readSeed } from './keystone.ts';
import { openstackAs, type OpenStack, type Row } from './openstack.ts';
import { send } from './request.ts';
import { clientSets, describeBroker } from './suites.ts';

const HREF = 'Order href';

describeBroker(
  'openstack secret order',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) {
      describe(`${clients.name} client`, () => {
        const openstack = openstackAs(clients);
        keys(openstack, openstackAs(clients, 'admin-a'));
        pairs(openstack);
        failure(openstack);
      });
    }
  },
);

const create = async (openstack: OpenStack, ...words: string[]): Promise<string> =>
  (await openstack.text('secret', 'order', 'create', '-f', 'value', '-c', HREF, ...words)).trim();

/** Orders are worked on outside the request. How long that may take is the test's limit. */
async function ended(openstack: OpenStack, ref: string): Promise<Row> {
  for (;;) {
    const row = await openstack.row('secret', 'order', 'get', ref);
    if (row['Status'] !== 'PENDING') return row;
    await sleep(500);
  }
}

function keys(openstack: OpenStack, admin: OpenStack): void {
  it('creates a key, shows and lists its order, and deletes the order without the key', async () => {
    const name = `key-${randomUUID()}`;
    const ref = await create(openstack, '--name', name, '--bit-length', '128', '--mode', 'ctr', 'key');
    expect(ref).to.match(new RegExp(`^${readSeed().key_manager_url}/v1/orders/[0-9a-f-]{36}$`));
    const order = await ended(openstack, ref);
    expect(order).to.include({ [HREF]: ref, Type: 'Key', 'Container href': 'N/A', Status: 'ACTIVE' });
    expect(order).to.include({ 'Error code': null, 'Error message': null });
    const listed = await openstack.rows('secret', 'order', 'list', '--limit', '100');
    expect(listed.map((row) => row[HREF])).to.include(ref);

    // As the rules of the original have it: who ordered may not delete the order.
    expect((await openstack.failing('secret', 'order', 'delete', ref)).stderr).to.contain('Forbidden');
    await admin.text('secret', 'order', 'delete', ref);
    const headers = { 'X-Auth-Token': await logIn(readSeed(), 'creator-a') };
    expect((await send(ref, { headers })).status).to.equal(404);
    const key = await openstack.row('secret', 'get', String(order['Secret href']));
    expect(key).to.include({ Name: name, 'Secret type': 'symmetric', Algorithm: 'aes', Mode: 'ctr' });
    expect(key).to.include({ 'Bit length': 128, Status: 'ACTIVE' });
  });
}

function pairs(openstack: OpenStack): void {
  it('creates a pair of keys in a container', async () => {
    const words = ['--name', 'pair', '--algorithm', 'rsa', '--bit-length', '2048', 'asymmetric'];
    const order = await ended(openstack, await create(openstack, ...words));
    expect(order).to.include({ Type: 'Asymmetric', 'Secret href': 'N/A', Status: 'ACTIVE' });
    // Not all columns: of this type the client cannot put the time into JSON.
    const asked = ['Name', 'Type', 'PK Passphrase'].flatMap((column) => ['-c', column]);
    const href = String(order['Container href']);
    const container = await openstack.row('secret', 'container', 'get', href, ...asked);
    expect(container).to.deep.equal({ Name: 'pair', Type: 'rsa', 'PK Passphrase': null });
  });
}

function failure(openstack: OpenStack): void {
  it('shows why an order could not be worked', async () => {
    const ref = await create(openstack, '--algorithm', 'bogus', 'key');
    const order = await ended(openstack, ref);
    expect(order).to.include({ Status: 'ERROR', 'Secret href': null, 'Error code': '400' });
    expect(order['Error message']).to.contain('Secret generate supported plugin not found');
  });
}
