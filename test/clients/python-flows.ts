import { keystoneIdentity } from './identities.ts';
import { clientEnvironment, readSeed } from './keystone.ts';
import { startFlows, type FlowProcess } from './flow-process.ts';
import { clientSets, describeBroker, type ClientSet } from './suites.ts';

export interface Script {
  /** Who is logged in, by the prefix of the variables with the login. */
  readonly users: Readonly<Record<string, string>>;
  /** One test for each, so that a failure names what an application could not do. */
  readonly flows: readonly string[];
  /** What only the newest libraries can. */
  readonly newest?: readonly string[];
}

/** The scripts by file name, each a process of its own on every database and with the libraries of every origin. */
export function describeScripts(title: string, scripts: Readonly<Record<string, Script>>): void {
  describeBroker(
    title,
    ['keystone', 'clients'],
    (database) => ({
      database,
      identity: keystoneIdentity(readSeed()),
      url: readSeed().key_manager_url,
      stores: ['software', 'spare'],
    }),
    () => {
      for (const clients of clientSets) {
        for (const [name, script] of Object.entries(scripts)) {
          describe(`${clients.name} ${name}.py`, () => describeFlows(clients, name, script));
        }
      }
    },
  );
}

function describeFlows(clients: ClientSet, name: string, script: Script): void {
  let running: FlowProcess | undefined;
  before('start it', () => {
    const logins = Object.entries(script.users).flatMap(([prefix, user]) =>
      Object.entries(clientEnvironment(readSeed(), user, prefix)),
    );
    running = startFlows(clients.program('python3'), name, Object.fromEntries(logins));
  });
  after('end it', () => running?.stop());
  const known = [...script.flows, ...(clients.newest ? (script.newest ?? []) : [])];
  for (const flow of known) it(flow, () => running?.run(flow));
}
