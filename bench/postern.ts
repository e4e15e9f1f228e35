import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { forkBuilt, type Child } from './processes.ts';

export interface Postern extends Child {
  readonly port: number;
}

const MAIN = fileURLToPath(new URL('../dist/src/main.js', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../policies/bundle.tar.gz', import.meta.url));
const START_PATIENCE_MS = 20_000;

/** One process of Postern as it would run in production, on a migrated schema; the callers are the harness's own. */
export async function startPostern(
  folder: string,
  databaseUrl: string,
  execArgv: readonly string[],
): Promise<Postern> {
  const port = await freePort();
  const config = join(folder, 'postern.yaml');
  const key = join(folder, 'master.key');
  writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
  writeFileSync(config, configuration(port, folder, key));
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  execFileSync(process.execPath, [MAIN, 'db', 'migrate', '--config', config], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const child = forkBuilt(MAIN, ['serve', '--config', config], { execArgv, env });
  try {
    await answering(child, port);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { ...child, port };
}

/** Everything a request passes is on: identity, policy, routing, audit. */
function configuration(port: number, folder: string, key: string): string {
  return `
listen: { host: 127.0.0.1, port: ${port}, workers: 1 }
database: { client: pg, connection: { env: DATABASE_URL } }
identity: [{ kind: headers }]
policy: { bundle: ${JSON.stringify(BUNDLE)} }
stores:
  default: software
  configured:
    - name: software
      kind: simple_crypto
      master_keys: [{ id: bench, key: { file: ${JSON.stringify(key)} } }]
audit: { sinks: [{ kind: file, path: ${JSON.stringify(join(folder, 'audit.jsonl'))} }] }
log: { level: warn }
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(child: Child, port: number): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/healthcheck`).then(
      (response) => response.status,
      () => undefined,
    );
    if (status === 200) return;
    if (child.process.exitCode !== null) throw new Error(`postern exited with ${child.process.exitCode}`);
    if (Date.now() > deadline) throw new Error('postern does not answer');
    await sleep(50);
  }
}
