import { fileURLToPath } from 'node:url';
import { keystoneIdentity } from './identities.ts';
import { clientEnvironment, readSeed } from './keystone.ts';
import { runOk } from './run.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

/** The flows of each script, so that a failure names what an application could not do. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  barbican_flow: [
    'text',
    'binary',
    'two_step_text',
    'two_step_binary',
    'fields',
    'expiration',
    'expires',
    'listing',
    'deletion',
    'errors',
    'bad_token',
    'foreign',
  ],
  castellan_flow: [
    'symmetric',
    'phrase',
    'opaque',
    'certificate',
    'rsa_pair',
    'listing',
    'missing',
    'foreign',
  ],
};

describeBroker(
  'python applications',
  ['keystone', 'clients'],
  (database) => ({ database, identity: keystoneIdentity(readSeed()), url: readSeed().key_manager_url }),
  () => {
    for (const clients of clientSets) describe(`${clients.name} libraries`, () => flows(clients));
  },
);

function flows(clients: ClientSet): void {
  for (const [script, names] of Object.entries(SCRIPTS)) {
    for (const name of names) it(`${script}.py ${name}`, () => runFlow(clients, script, name));
  }
}

async function runFlow(clients: ClientSet, script: string, flow: string): Promise<void> {
  const seed = readSeed();
  const file = fileURLToPath(new URL(`${script}.py`, import.meta.url));
  await runOk(clients.program('python3'), ['-B', file, flow], {
    ...clientEnvironment(seed, 'creator-a'),
    ...clientEnvironment(seed, 'creator-b', 'FOREIGN'),
  });
}
