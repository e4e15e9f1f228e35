import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { access } from './vault-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A Vault server of one test's own, to seal, to throttle and to stop: others use the one of test/services/vault.sh. */
export interface OwnVault {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Initialised, unsealed, with KV version 2 at secret/ and a token for everything. */
  initialise(): Promise<string>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** By the operator. */
  call(method: string, path: string, fields?: object): Promise<Fields>;
  /** Stops it, and nothing is left of it. */
  remove(): Promise<void>;
}

/** Below what a payload may have. */
export const MAX_REQUEST_BYTES = 400_000;

const READY_MS = 20_000;

export async function prepareOwnVault(): Promise<OwnVault> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-vault-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, 'vault.hcl');
  mkdirSync(join(folder, 'data'));
  writeFileSync(config, hcl(folder, port));
  let server: ChildProcess | undefined;
  let root = '';
  let key = '';
  const call = async (method: string, path: string, fields?: object): Promise<Fields> => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': root },
      ...(fields === undefined ? {} : { body: JSON.stringify(fields) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text || '{}') as Fields;
  };
  const own: OwnVault = {
    url,
    call,
    start: async () => {
      server = spawn(access().server, [config], { stdio: 'ignore' });
      await until(async () => (await fetch(`${url}/v1/sys/health`)).status > 0);
    },
    stop: async () => {
      if (server?.exitCode !== null) return;
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
    initialise: async () => {
      const made = await call('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 });
      [key, root] = [(made['keys_base64'] as [string])[0], made['root_token'] as string];
      await own.unseal();
      await call('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
      await until(async () => call('GET', 'secret/config').then(() => true));
      return root;
    },
    seal: async () => {
      await call('PUT', 'sys/seal');
    },
    unseal: async () => {
      await call('PUT', 'sys/unseal', { key });
      await until(async () => (await fetch(`${url}/v1/sys/health`)).status === 200);
    },
    remove: async () => {
      await own.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return own;
}

const hcl = (folder: string, port: number): string => `
storage "file" { path = "${join(folder, 'data')}" }
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_disable = true
  max_request_size = ${MAX_REQUEST_BYTES}
}
disable_mlock = true
`;

async function until(works: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + READY_MS;
  while (!(await works().catch(() => false))) {
    if (Date.now() > end) throw new Error('the server of this test is not ready');
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
