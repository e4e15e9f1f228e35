import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Context } from 'mocha';

/** A real server or a set of real clients, brought up by the script of the same name in `test/services`. */
export type Service = 'postgres' | 'keystone' | 'clients';

/** Each says that the service is up though its script knows nothing of it: a server that is not ours. */
const VARIABLES: Readonly<Record<Service, string>> = {
  postgres: 'POSTERN_TEST_PG',
  keystone: 'POSTERN_TEST_KEYSTONE_SEED',
  clients: 'POSTERN_TEST_PYPI_CLIENTS',
};

/**
 * Skips the suite when a service is not up, saying which and why. `POSTERN_REQUIRE`, a list with commas, names those whose
 * absence is a failure. To be called in a `before` hook.
 */
export function requireServices(context: Context, services: readonly Service[]): void {
  const absent = services.filter((service) => !isUp(service));
  if (absent.length === 0) return;
  const reason = absent.map((service) => `${service} is not up (test/services/${service}.sh up)`).join(', ');
  const required = (process.env['POSTERN_REQUIRE'] ?? '').split(',');
  if (absent.some((service) => required.includes(service))) throw new Error(`required, but ${reason}`);
  process.stdout.write(`    skipped: ${reason}\n`);
  context.skip();
}

const known = new Map<Service, Readonly<Record<string, string>>>();

/** What the service's script exports, unless the variable is set already. */
export function exported(service: Service, name: string): string {
  const own = process.env[name];
  if (own !== undefined) return own;
  const variables = known.get(service) ?? readExports(service);
  known.set(service, variables);
  const value = variables[name];
  if (value === undefined) throw new Error(`test/services/${service}.sh env does not export ${name}`);
  return value;
}

function readExports(service: Service): Readonly<Record<string, string>> {
  // The shell that reads the exports undoes their quoting.
  const { stdout } = spawnSync('bash', ['-c', 'eval "$("$0" env)" && env -0', scriptOf(service)], {
    encoding: 'utf8',
  });
  const pairs = stdout.split('\0').map((line): [string, string] => {
    const cut = line.indexOf('=');
    return [line.slice(0, cut), line.slice(cut + 1)];
  });
  return Object.fromEntries(pairs);
}

function isUp(service: Service): boolean {
  if (process.env[VARIABLES[service]] !== undefined) return true;
  return spawnSync(scriptOf(service), ['status'], { stdio: 'ignore' }).status === 0;
}

const scriptOf = (service: Service): string =>
  fileURLToPath(new URL(`../services/${service}.sh`, import.meta.url));
