import type { Suite } from 'mocha';
import { startBroker, type BrokerOptions, type RunningBroker } from './broker.ts';
import { databaseKinds, servicesOf, type DatabaseKind } from './broker-database.ts';
import { requireServices, exported, type Service } from './services.ts';

/** The clients of one origin: Debian's packages, or the newest from PyPI. */
export interface ClientSet {
  readonly name: string;
  /** Knows what the API and its clients learned after Debian's were packed: consumers of secrets above all. */
  readonly newest: boolean;
  /** The full path of one of its programs. */
  program(name: 'openstack' | 'barbican' | 'python3'): string;
}

export const clientSets: readonly ClientSet[] = [
  clientSet("Debian's", false, 'POSTERN_TEST_DEBIAN_CLIENTS'),
  clientSet("PyPI's", true, 'POSTERN_TEST_PYPI_CLIENTS'),
];

function clientSet(name: string, newest: boolean, folder: string): ClientSet {
  return { name, newest, program: (program) => `${exported('clients', folder)}/${program}` };
}

type BrokerChoice = (database: DatabaseKind) => BrokerOptions;

/**
 * The same suite once per database, each on a broker of its own. `options` is asked only when the services are up.
 * `suite` gets a function, as the broker exists only while tests run.
 */
export function describeBroker(
  title: string,
  needs: readonly Service[],
  options: BrokerChoice,
  suite: (this: Suite, broker: () => RunningBroker) => void,
): void {
  for (const database of databaseKinds()) {
    describe(`${title} [${database}]`, function () {
      let broker: RunningBroker | undefined;
      before('start the broker', async function () {
        requireServices(this, [...needs, ...servicesOf(database)]);
        broker = await startBroker(options(database));
      });
      after('stop the broker', () => broker?.stop());
      suite.call(this, () => {
        if (broker === undefined) throw new Error('the broker does not run');
        return broker;
      });
    });
  }
}
