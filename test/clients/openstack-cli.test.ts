import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { keystoneIdentity } from './identities.ts';
import { readSeed, type Seed } from './keystone.ts';
import { made, openstackAs, secretWith, type Row } from './openstack.ts';
import type { Outcome } from './run.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describeBroker(
  'openstack secret',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) describe(`${clients.name} client`, () => commands(clients));
  },
);

function commands(clients: ClientSet): void {
  let seed: Seed;
  let folder: string;
  before(() => {
    seed = readSeed();
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const openstack = (...words: string[]): Promise<string> => openstackAs(clients).text('secret', ...words);
  const failing = (words: readonly string[], user?: string): Promise<Outcome> =>
    openstackAs(clients, user).failing('secret', ...words);
  const show = (ref: string): Promise<Row> => openstackAs(clients).row('secret', 'get', ref);
  const rows = (...words: string[]): Promise<readonly Row[]> =>
    openstackAs(clients).rows('secret', 'list', ...words);
  const store = async (...words: string[]): Promise<string> =>
    (await openstack('store', '-f', 'value', '-c', 'Secret href', ...words)).trim();
  const payloadOf = async (ref: string): Promise<string> =>
    (await openstack('get', '--payload', '-f', 'value', '-c', 'Payload', ref)).replace(/\n$/, '');

  it('stores a text, shows it and prints its payload', async () => {
    const name = `text-${randomUUID()}`;
    const ref = await store('--name', name, '--payload', 'squeamish ossifrage ß 中');
    expect(ref).to.match(new RegExp(`^${seed.key_manager_url}/v1/secrets/[0-9a-f-]{36}$`));
    const shown = await show(ref);
    expect(shown).to.include({ 'Secret href': ref, Name: name, Status: 'ACTIVE' });
    // What the command fills in when nobody says anything.
    expect(shown).to.include({ Algorithm: 'aes', 'Bit length': 256, Mode: 'cbc', 'Secret type': 'opaque' });
    expect(await payloadOf(ref)).to.equal('squeamish ossifrage ß 中');
  });

  it('stores a file of any bytes and saves the same bytes', async () => {
    const [sent, received] = [join(folder, 'sent'), join(folder, 'received')];
    writeFileSync(sent, ALL_BYTES);
    const ref = await store('--name', `file-${randomUUID()}`, '--file', sent);
    await openstack('get', '--file', received, '--payload_content_type', 'application/octet-stream', ref);
    expect(readFileSync(received)).to.deep.equal(ALL_BYTES);
  });

  it('gives a secret its payload in a second step, once', async () => {
    const ref = await store('--name', `later-${randomUUID()}`);
    await openstack('update', ref, 'came later');
    expect(await payloadOf(ref)).to.equal('came later');
    const again = await failing(['update', ref, 'too late']);
    expect(again.status).to.equal(1);
    expect(again.stderr).to.contain('Conflict');
  });

  it('lists by name, bits, algorithm, mode and type, a page at a time', async () => {
    const name = `listed-${randomUUID()}`;
    const refs = [
      await made('secrets', { name, algorithm: 'aes', bit_length: 128, mode: 'gcm' }),
      await made('secrets', { name, algorithm: 'rsa', bit_length: 256, secret_type: 'private' }),
      await made('secrets', { name, algorithm: 'aes', bit_length: 192, mode: 'cbc' }),
    ];
    const found = async (...words: string[]): Promise<unknown[]> =>
      (await rows('--name', name, ...words)).map((row) => row['Secret href']);
    const all = await found();
    const [bits, mode, algorithm, type] = await Promise.all([
      found('--bit-length', '128'),
      found('--mode', 'gcm'),
      found('--algorithm', 'rsa'),
      found('--secret-type', 'private'),
    ]);
    expect(all).to.have.members(refs);
    expect([bits, mode, algorithm, type]).to.deep.equal([[refs[0]], [refs[0]], [refs[1]], [refs[1]]]);
    const pages = await Promise.all([found('--limit', '2'), found('--limit', '2', '--offset', '2')]);
    expect(pages.map((page) => page.length)).to.deep.equal([2, 1]);
    expect(pages.flat()).to.have.members(refs);
  });

  it('shows when a secret expires', async () => {
    const ref = await store('--name', `old-${randomUUID()}`, '--expiration', '2040-02-28T19:14:44Z');
    const shown = await show(ref);
    expect(shown['Expiration']).to.match(/^2040-02-28[T ]19:14:44/);
  });

  it('deletes a secret, after which there is none', async () => {
    const ref = await secretWith('x');
    await openstack('delete', ref);
    const calls = [
      ['get', ref],
      ['get', '--payload', ref],
      ['delete', ref],
    ];
    for (const { status, stderr } of await Promise.all(calls.map((words) => failing(words)))) {
      expect(status).to.equal(1);
      expect(stderr).to.contain('Not Found');
    }
  });

  it('refuses a user of another project and an auditor who asks for the payload', async () => {
    const ref = await secretWith('x');
    const refused = await Promise.all([
      failing(['get', ref], 'creator-b'),
      failing(['get', '--payload', ref], 'audit-a'),
      failing(['delete', ref], 'observer-a'),
    ]);
    for (const { status, stderr } of refused) {
      expect(status).to.equal(1);
      expect(stderr).to.contain('Forbidden');
    }
  });
}
