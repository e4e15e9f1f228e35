import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import nodeVault from 'node-vault';
import { createVaultStore, vaultOptions } from '../../backends/vault/index.ts';
import { createLog } from '../../src/log.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { StoreBench } from './bench.ts';

const CONCURRENCY = 32;

interface Access {
  readonly url: string;
  readonly tls: string;
  readonly role_id: string;
  readonly secret_id: string;
}

/** On the server that `POSTERN_TEST_VAULT` (test/services/vault.sh env) tells of. */
export async function openVaultBench(): Promise<StoreBench> {
  const file = process.env['POSTERN_TEST_VAULT'];
  if (file === undefined) throw new Error('POSTERN_TEST_VAULT is not set (test/services/vault.sh env)');
  const { url, tls, role_id, secret_id } = JSON.parse(readFileSync(file, 'utf8')) as Access;
  const ca = readFileSync(join(tls, 'ca.pem'), 'utf8');
  const options = vaultOptions.parse({
    kind: 'vault',
    name: 'bench',
    url,
    auth: { approle: { role_id, secret_id } },
    prefix: 'postern/bench',
    tls: { ca },
    concurrency: CONCURRENCY,
  });
  const log = createLog('error', () => undefined);
  const store = await createVaultStore({
    options,
    log,
    clockMs: () => performance.now(),
    random: Math.random,
  });
  const raw = await openRaw(url, ca, { role_id, secret_id });
  const cleaned = remembering(store);
  return { kind: 'vault', store: cleaned, raw, concurrency: CONCURRENCY, close: () => raw.close() };
}

interface Raw extends Omit<StoreBench['raw'], 'put'> {
  put(payload: Buffer): Promise<string>;
  close(): Promise<void>;
}

/** The library as it comes, with a token it never renews and answers it does not look into. */
async function openRaw(url: string, ca: string, credentials: object): Promise<Raw> {
  const httpsAgent = new Agent({ ca, keepAlive: true, maxSockets: CONCURRENCY });
  const vault = nodeVault({ endpoint: url, requestOptions: { httpsAgent } });
  await vault.approleLogin(credentials);
  const paths: string[] = [];
  return {
    name: 'node-vault',
    put: async (payload) => {
      const path = `postern/bench/raw/${randomUUID()}`;
      await vault.write(`secret/data/${path}`, {
        options: { cas: 0 },
        data: { v: payload.toString('base64') },
      });
      paths.push(path);
      return path;
    },
    get: async (path) => {
      const { data } = (await vault.read(`secret/data/${String(path)}`)) as { data: { data: { v: string } } };
      return Buffer.from(data.data.v, 'base64');
    },
    close: async () => {
      for (const path of paths) await vault.delete(`secret/metadata/${path}`);
      await vault.tokenRevokeSelf();
      httpsAgent.destroy();
    },
  };
}

/** The same store; closing it destroys what was put through it. */
function remembering(store: SecretStore): SecretStore {
  const put: (readonly [SecretHeader, StoreRef])[] = [];
  return {
    ...store,
    put: async (secret, payload) => {
      const ref = await store.put(secret, payload);
      put.push([secret, ref]);
      return ref;
    },
    close: async () => {
      for (const [secret, ref] of put) await store.destroy(secret, ref);
      await store.close();
    },
  };
}
