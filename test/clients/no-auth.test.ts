import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run, runOk } from './run.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

const URL = 'http://127.0.0.1:9312';

describeBroker(
  'barbican --no-auth',
  ['clients'],
  (database) => ({ database, identity: { kind: 'headers' }, url: URL }),
  () => {
    for (const clients of clientSets) describe(`${clients.name} client`, () => commands(clients));
  },
);

function commands(clients: ClientSet): void {
  const project = randomUUID().replaceAll('-', '');
  const call = (owner: string, words: readonly string[]): [string, string[]] => [
    clients.program('barbican'),
    ['--no-auth', '--endpoint', URL, '--os-project-id', owner, 'secret', ...words],
  ];
  const barbican = (...words: string[]): Promise<string> => runOk(...call(project, words));
  const store = async (...words: string[]): Promise<string> =>
    (await barbican('store', '-f', 'value', '-c', 'Secret href', ...words)).trim();

  it('stores, lists, prints and deletes a text', async () => {
    const name = `open-${randomUUID()}`;
    const ref = await store('--name', name, '--payload', 'hello');
    const rows = JSON.parse(await barbican('list', '-f', 'json', '--name', name)) as readonly object[];
    expect(rows.map((row) => (row as { 'Secret href': string })['Secret href'])).to.deep.equal([ref]);
    expect((await barbican('get', '--payload', '-f', 'value', ref)).trim()).to.equal('hello');
    await barbican('delete', ref);
    expect(await barbican('list', '-f', 'value', '--name', name)).to.match(/^\s*$/);
  });

  it('stores a file and saves the same bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    try {
      const [sent, received] = [join(folder, 'sent'), join(folder, 'received')];
      writeFileSync(sent, Buffer.from([0, 255, 10, 13, 128]));
      const ref = await store('--file', sent);
      await barbican('get', '--file', received, '--payload_content_type', 'application/octet-stream', ref);
      expect(readFileSync(received)).to.deep.equal(readFileSync(sent));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('keeps projects apart', async () => {
    const ref = await store('--name', `mine-${randomUUID()}`, '--payload', 'hello');
    const { status, stderr } = await run(...call('another', ['get', ref]));
    expect(status).to.equal(1);
    expect(stderr).to.contain('Forbidden');
  });
}
