import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createVaultStore, vaultOptions, type VaultOptions } from '../../backends/vault/index.ts';
import { createLog, type Log } from '../../src/log.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';

/** What test/services/vault.sh tells of the server it started. */
interface Access {
  readonly url: string;
  readonly tls: string;
  /** The program that serves. */
  readonly server: string;
  readonly role_id: string;
  readonly secret_id: string;
  readonly root_token: string;
  readonly unseal_key: string;
}

const FILE = process.env['POSTERN_TEST_VAULT'];

/** Why there is no server to test against; undefined when there is one. */
export const absentVault =
  FILE === undefined ? 'POSTERN_TEST_VAULT is not set (test/services/vault.sh env)' : undefined;

let known: Access | undefined;
export function access(): Access {
  known ??= JSON.parse(readFileSync(FILE ?? '', 'utf8')) as Access;
  return known;
}

export const pem = (file: string): string => readFileSync(join(access().tls, file), 'utf8');

/** The certificates that test/services/vault.sh makes, by what is wrong with them. */
export type Client = 'client' | 'stranger' | 'expired' | 'foreign';

export const clientTls = (client: Client): object => ({
  ca: pem('ca.pem'),
  cert: pem(`${client}.pem`),
  key: pem(`${client}.key`),
});

export type Changes = Readonly<Record<string, unknown>>;

/** As a configuration would have it, checked by the schema. */
export function vaultConfig(changes: Changes = {}): VaultOptions {
  const { url, role_id, secret_id } = access();
  const own = {
    kind: 'vault',
    name: 'vault',
    url,
    auth: { approle: { role_id, secret_id } },
    tls: { ca: pem('ca.pem') },
  };
  return vaultOptions.parse({ ...own, ...changes });
}

const SILENT = createLog('error', () => undefined);

export function openVault(changes: Changes = {}, log: Log = SILENT): Promise<SecretStore> {
  return openWith(vaultConfig(changes), log);
}

export function openWith(options: VaultOptions, log: Log = SILENT): Promise<SecretStore> {
  return createVaultStore({ options, log, clockMs: () => performance.now(), random: Math.random });
}

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request by the operator of the server, past the broker. */
export function asRoot(method: string, path: string, fields?: object, more: object = {}): Promise<Reply> {
  return asToken(access().root_token, method, path, fields, more);
}

export function asToken(
  token: string,
  method: string,
  path: string,
  fields?: object,
  more: object = {},
): Promise<Reply> {
  const agent = new Agent({ ca: pem('ca.pem') });
  return new Promise((resolve, reject) => {
    const headers = { 'X-Vault-Token': token, 'Content-Type': 'application/json', ...more };
    const call = request(`${access().url}/v1/${path}`, { method, agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text || '{}') as Reply['body'] });
      });
    });
    call.on('error', reject);
    call.end(fields === undefined ? undefined : JSON.stringify(fields));
  });
}

/** What a request of the operator's must have succeeded with. */
export async function done(reply: Promise<Reply>): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await reply;
  if (status >= 300) throw new Error(`the server answered the test with ${status}: ${JSON.stringify(body)}`);
  return body;
}

export const unique = (what: string): string => `${what}-${randomBytes(4).toString('hex')}`;

const POLICY = `
path "+/data/postern/*" { capabilities = ["create", "read"] }
path "+/metadata/postern/*" { capabilities = ["read", "delete", "list"] }
path "+/config" { capabilities = ["read"] }
path "+/postern/*" { capabilities = ["create", "read", "delete", "list"] }
`;

/** Access of a test's own, with what the broker is told to ask for and whatever the test adds. */
export async function ownRole(
  role: object = {},
  policy = POLICY,
): Promise<{ readonly auth: object; readonly name: string }> {
  const name = unique('role');
  await done(asRoot('PUT', `sys/policies/acl/${name}`, { policy }));
  await done(asRoot('POST', `auth/approle/role/${name}`, { token_policies: [name], ...role }));
  const { data } = await done(asRoot('GET', `auth/approle/role/${name}/role-id`));
  const made = await done(asRoot('POST', `auth/approle/role/${name}/secret-id`, {}));
  const { role_id } = data as { role_id: string };
  const { secret_id } = made['data'] as { secret_id: string };
  return { name, auth: { approle: { role_id, secret_id } } };
}

/** A token of the operator's making. */
export async function ownToken(fields: object): Promise<string> {
  const { auth } = await done(asRoot('POST', 'auth/token/create', { policies: ['postern'], ...fields }));
  return (auth as { client_token: string }).client_token;
}

/** A KV engine of a test's own, and a role that may use it. */
export async function ownMount(
  version: 1 | 2,
  settings?: object,
): Promise<{ readonly mount: string; readonly auth: object }> {
  const mount = unique('kv');
  await done(asRoot('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: String(version) } }));
  if (settings !== undefined) await done(asRoot('POST', `${mount}/config`, settings));
  const { auth } = await ownRole();
  return { mount, auth };
}
