import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Context } from 'mocha';

/** A real server or a set of real clients, brought up by the script of the same name in `test/services`. */
export type Service = 'postgres' | 'keystone' | 'clients';

/**
 * Skips the suite when a service is not up, saying which and why. `POSTERN_REQUIRE`, a list with commas, names those whose
 * absence is a failure. To be called in a `before` hook.
 */
export function requireServices(context: Context, services: readonly Service[]): void {
  const absent = services.filter((service) => ask(service, 'status').status !== 0);
  if (absent.length === 0) return;
  const reason = absent.map((service) => `${service} is not up (test/services/${service}.sh up)`).join(', ');
  const required = (process.env['POSTERN_REQUIRE'] ?? '').split(',');
  if (absent.some((service) => required.includes(service))) throw new Error(`required, but ${reason}`);
  process.stdout.write(`    skipped: ${reason}\n`);
  context.skip();
}

const known = new Map<Service, Readonly<Record<string, string>>>();

/** What the service's script exports; a variable that is set already wins, for a server that is not ours. */
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

function ask(service: Service, command: string): { status: number | null } {
  return spawnSync(scriptOf(service), [command], { stdio: 'ignore' });
}

const scriptOf = (service: Service): string =>
  fileURLToPath(new URL(`../services/${service}.sh`, import.meta.url));
