import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { logIn, readSeed } from './keystone.ts';
import { made, openstackAs, secretWith, type OpenStack } from './openstack.ts';
import { asJson, send } from './request.ts';
import { clientSets, describeBroker } from './suites.ts';

const HREF = 'Container href';
/** The members each type is made of here, and the columns in which they are shown. */
const TYPED = {
  rsa: { private_key: 'Private Key', public_key: 'Public Key', private_key_passphrase: 'PK Passphrase' },
  certificate: { certificate: 'Certificate', private_key: 'Private Key', intermediates: 'Intermediates' },
} as const;

describeBroker(
  'openstack secret container',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) {
      describe(`${clients.name} client`, () => {
        const openstack = openstackAs(clients);
        generic(openstack);
        for (const type of ['rsa', 'certificate'] as const) typed(openstack, type);
        refusal(openstack);
      });
    }
  },
);

const create = (openstack: OpenStack, ...words: string[]): Promise<string> =>
  openstack
    .text('secret', 'container', 'create', '-f', 'value', '-c', HREF, ...words)
    .then((text) => text.trim());
const members = (refs: Readonly<Record<string, string>>): string[] =>
  Object.entries(refs).flatMap(([name, ref]) => ['--secret', `${name}=${ref}`]);

function generic(openstack: OpenStack): void {
  it('creates a generic one, shows it with its consumers, lists it, and deletes it without its secrets', async () => {
    const name = `generic-${randomUUID()}`;
    const refs = { first: await secretWith('one'), second: await secretWith('two') };
    const ref = await create(openstack, '--name', name, ...members(refs));
    expect(ref).to.match(new RegExp(`^${readSeed().key_manager_url}/v1/containers/[0-9a-f-]{36}$`));
    const token = await logIn(readSeed(), 'creator-a');
    const consumer = { name: 'octavia', URL: 'http://octavia.example/1' };
    expect((await send(`${ref}/consumers`, asJson(token, 'POST', consumer))).status).to.equal(200);

    const shown = await openstack.row('secret', 'container', 'get', ref);
    expect(shown).to.include({ [HREF]: ref, Name: name, Status: 'ACTIVE', Type: 'generic' });
    expect(shown['Secrets']).to.equal(`first=${refs.first}\nsecond=${refs.second}`);
    expect(shown['Consumers']).to.contain(consumer.name).and.to.contain(consumer.URL);

    const other = await made('containers', { name, type: 'certificate' });
    const listed = async (...words: string[]): Promise<unknown[]> =>
      (await openstack.rows('secret', 'container', 'list', '--name', name, ...words)).map((row) => row[HREF]);
    const lists = [listed(), listed('--type', 'generic'), listed('--limit', '1', '--offset', '1')];
    expect(await Promise.all(lists)).to.deep.equal([[ref, other], [ref], [other]]);

    await openstack.text('secret', 'container', 'delete', ref);
    const headers = { 'X-Auth-Token': token };
    expect((await send(ref, { headers })).status).to.equal(404);
    expect((await send(`${refs.first}/payload`, { headers })).text).to.equal('one');
  });
}

function typed(openstack: OpenStack, type: keyof typeof TYPED): void {
  it(`creates one of type ${type} and shows what is what`, async () => {
    const columns = Object.entries(TYPED[type]);
    const refs = Object.fromEntries(
      await Promise.all(columns.map(async ([name]) => [name, await secretWith(name)] as const)),
    );
    const ref = await create(openstack, '--name', type, '--type', type, ...members(refs));
    const expected = {
      ...{ [HREF]: ref, Name: type, Status: 'ACTIVE', Type: type },
      ...Object.fromEntries(columns.map(([name, column]) => [column, refs[name]])),
    };
    // Not all columns: of these types the client cannot put the time into JSON.
    const asked = Object.keys(expected).flatMap((column) => ['-c', column]);
    expect(await openstack.row('secret', 'container', 'get', ref, ...asked)).to.deep.equal(expected);
  });
}

function refusal(openstack: OpenStack): void {
  it('says why one is refused', async () => {
    const words = ['--type', 'certificate', ...members({ private_key: await secretWith('x') })];
    const { status, stderr } = await openstack.failing('secret', 'container', 'create', ...words);
    expect(status).to.equal(1);
    expect(stderr).to.contain("minimum required reference name is 'certificate'");
  });
}
