import { fileURLToPath } from 'node:url';
import { keystoneIdentity } from './identities.ts';
import { clientEnvironment, readSeed } from './keystone.ts';
import { runOk } from './run.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

interface Script {
  readonly user: string;
  readonly foreigner: string;
  /** One test for each, so that a failure names what an application could not do. */
  readonly flows: readonly string[];
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  barbican_flow: {
    user: 'creator-a',
    foreigner: 'creator-b',
    flows: [
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
  },
  // Castellan reads whatever its list brings, and dies of a public key that is none: it needs a project for itself.
  castellan_flow: {
    user: 'creator-b',
    foreigner: 'creator-a',
    flows: ['symmetric', 'phrase', 'opaque', 'certificate', 'rsa_pair', 'listing', 'missing', 'foreign'],
  },
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
  for (const [name, script] of Object.entries(SCRIPTS)) {
    for (const flow of script.flows) it(`${name}.py ${flow}`, () => runFlow(clients, name, script, flow));
  }
}

async function runFlow(clients: ClientSet, name: string, script: Script, flow: string): Promise<void> {
  const seed = readSeed();
  const file = fileURLToPath(new URL(`${name}.py`, import.meta.url));
  await runOk(clients.program('python3'), ['-B', file, flow], {
    ...clientEnvironment(seed, script.user),
    ...clientEnvironment(seed, script.foreigner, 'FOREIGN'),
  });
}
