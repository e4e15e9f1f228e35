import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { databases, isRequired, skipAloud, type TestDatabase } from '../helpers/databases.ts';
import { absentServers, allStores, areServersRequired, REAL_STORES } from '../helpers/real-stores.ts';
import {
  createWorkplace,
  runPostern,
  serveProcess,
  type ServingProcess,
  type Workplace,
} from './broker-process.ts';
import { pathOf, send, textSecret } from './client.ts';
import { configureAllStores } from './several-stores.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OPERATOR = 'key-manager:service-admin';

const PRIVATE_KEY = {
  secret_type: 'private',
  algorithm: 'rsa',
  bit_length: 2048,
  payload_content_type: 'application/octet-stream',
  payload_content_encoding: 'base64',
  payload: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'der' })
    .toString('base64'),
};

/** An operator's assignments and a site's rules at once, with every kind of store behind them. */
describe('routing to every kind of store', function () {
  this.timeout(90_000);
  const absent = absentServers();
  if (absent !== undefined) return skipAloud(absent, areServersRequired());
  if (!existsSync(join(ROOT, 'bin/opa')))
    return skipAloud('bin/opa is not there: policies/tools.sh opa builds it', isRequired('opa'));

  let place: Workplace;
  let database: TestDatabase;
  let broker: ServingProcess;
  let file: string;

  before(async () => {
    place = createWorkplace();
    database = await databases()[0]!.open();
    const bundle = place.path('policy.tar.gz');
    execFileSync('bash', ['policies/build.sh', '-o', bundle, 'policies/examples/keys-in-hsm'], { cwd: ROOT });
    const { configured, ...stores } = allStores(place.folder);
    const classed = (configured as readonly Readonly<Record<string, unknown>>[]).map((store) =>
      store['kind'] === 'pkcs11' ? { ...store, classes: ['hsm'] } : store,
    );
    const changes = { stores: { ...stores, configured: classed }, policy: { bundle } };
    file = await configureAllStores(place, database, changes);
    broker = await serveProcess(file);
  });
  after(async () => {
    broker.kill('SIGTERM');
    expect(await broker.ended).to.deep.equal({ code: 0, signal: null });
    await database.close();
    place.remove();
  });

  const paths: { readonly path: string; readonly project: string; readonly bytes: Buffer }[] = [];

  for (const { kind } of REAL_STORES) {
    it(`${kind}: takes what its project has, but for a private key, which the HSM takes`, async () => {
      const project = `p-${kind}`;
      const assigned = await send(broker.url, 'PUT', `/v1/project-stores/${project}`, {
        roles: OPERATOR,
        body: { project_store: { store: kind } },
      });
      expect(assigned.status, assigned.text).to.equal(204);
      for (const [body, bytes] of [
        [textSecret('hello'), Buffer.from('hello')],
        [PRIVATE_KEY, Buffer.from(PRIVATE_KEY.payload, 'base64')],
      ] as const) {
        const path = pathOf(await send(broker.url, 'POST', '/v1/secrets', { body, project }));
        paths.push({ path, project, bytes });
      }
      const shown = await send(broker.url, 'GET', `/v1/project-stores/${project}`, { roles: OPERATOR });
      const { store, secrets } = shown.json?.['project_store'] as Readonly<Record<string, unknown>>;
      expect(store).to.equal(kind);
      expect(secrets).to.deep.equal(kind === 'pkcs11' ? { pkcs11: 2 } : { [kind]: 1, pkcs11: 1 });
    });
  }

  it('gives everything back, and leaves nothing behind', async () => {
    for (const { path, project, bytes } of paths) {
      const answer = await send(broker.url, 'GET', `${path}/payload`, {
        project,
        headers: { Accept: '*/*' },
      });
      expect(answer.bytes.equals(bytes), `${path} of ${project}`).to.equal(true);
    }
    const { stdout } = await runPostern(['stores', 'list', '--projects', '--json', '--config', file]);
    const rows = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[];
    expect(rows.filter(({ assigned }) => assigned === true)).to.have.length(REAL_STORES.length);
    expect(rows.reduce((sum, { secrets }) => sum + Number(secrets), 0)).to.equal(paths.length);
    for (const { path, project } of paths) {
      expect((await send(broker.url, 'DELETE', path, { project })).status).to.equal(204);
    }
    const { stdout: after } = await runPostern(['stores', 'list', '--projects', '--json', '--config', file]);
    const left = JSON.parse(after) as readonly Readonly<Record<string, unknown>>[];
    expect(left.map(({ secrets }) => secrets)).to.deep.equal(REAL_STORES.map(() => 0));
  });
});
