import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StoreKind } from '../../src/stores/secret-store.ts';

export type RealKind = Exclude<StoreKind, 'memory'>;

/** A kind of store and the real server behind it, as `test/services` started it. */
export interface RealStore {
  readonly kind: RealKind;
  /** Its entry of `stores.configured`; the kind is its name. Files it needs of its own go to `folder`. */
  configuration(folder: string): Readonly<Record<string, unknown>>;
  /** The script that stops and starts its server; undefined where there is no server. */
  readonly service: string | undefined;
}

export const REAL_STORES: readonly RealStore[] = [
  { kind: 'simple_crypto', configuration: simpleCrypto, service: undefined },
  { kind: 'pkcs11', configuration: pkcs11, service: undefined },
  { kind: 'kmip', configuration: kmip, service: 'pykmip' },
  { kind: 'vault', configuration: vault, service: 'vault' },
  { kind: 'dogtag', configuration: dogtag, service: 'dogtag' },
];

/** Read by nobody but the store's tests: each says that its server is there. */
const VARIABLES: Readonly<Partial<Record<RealKind, string>>> = {
  pkcs11: 'POSTERN_TEST_PKCS11_LIBRARY',
  kmip: 'POSTERN_TEST_KMIP',
  vault: 'POSTERN_TEST_VAULT',
  dogtag: 'POSTERN_TEST_DOGTAG',
};

/** Whether there is a server for stores of this kind, or no need of one. */
export function isHere(kind: RealKind): boolean {
  const name = VARIABLES[kind];
  return name === undefined || process.env[name] !== undefined;
}

/** Why some of the servers are not here; undefined when all are. */
export function absentServers(): string | undefined {
  const missing = REAL_STORES.map(({ kind }) => kind).filter((kind) => !isHere(kind));
  return missing.length === 0 ? undefined : `no server for ${missing.join(', ')}`;
}

/** Whether the absence of the server is a failure. */
export const isStoreRequired = (kind: RealKind): boolean =>
  (process.env['REQUIRE_STORES'] ?? '').split(',').includes(kind);

/** Whether the absence of any is. */
export const areServersRequired = (): boolean =>
  (Object.keys(VARIABLES) as readonly RealKind[]).every(isStoreRequired);

const SERVICES = fileURLToPath(new URL('../services', import.meta.url));

const execute = promisify(execFile);

/** Stops or starts a server, or asks its own tool; gives what it printed once it is done. */
export async function service(name: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await execute(join(SERVICES, `${name}.sh`), command, { encoding: 'utf8' });
  return stdout;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function simpleCrypto(folder: string): Readonly<Record<string, unknown>> {
  const key = { file: join(folder, 'master.key'), generate: true };
  return { name: 'simple_crypto', kind: 'simple_crypto', master_keys: [{ id: 'test', key }] };
}

/** Labels of keys that `postern keys init` makes; more than one test may want them. */
export const TOKEN_KEYS = { id: 'real', mkek_label: 'real-mkek', hmac_label: 'real-hmac' };

function pkcs11(folder: string): Readonly<Record<string, unknown>> {
  return {
    name: 'pkcs11',
    kind: 'pkcs11',
    library: variable('POSTERN_TEST_PKCS11_LIBRARY'),
    token_label: variable('POSTERN_TEST_PKCS11_TOKEN'),
    pin: { file: variable('POSTERN_TEST_PKCS11_PIN_FILE') },
    master_keys: [TOKEN_KEYS],
    environment: { SOFTHSM2_CONF: variable('POSTERN_TEST_PKCS11_CONF') },
    socket_folder: join(folder, 'run'),
  };
}

function kmip(): Readonly<Record<string, unknown>> {
  const [host = '', port] = variable('POSTERN_TEST_KMIP').split(':');
  const file = (name: string): object => ({ file: join(variable('POSTERN_TEST_KMIP_TLS'), name) });
  const tls = { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') };
  return { name: 'kmip', kind: 'kmip', host, port: Number(port), tls };
}

/** What only tests may use: the root token, to look in from the other side. */
export interface VaultAccess {
  readonly url: string;
  readonly tls: string;
  readonly role_id: string;
  readonly secret_id: string;
  readonly root_token: string;
}

export const vaultAccess = (): VaultAccess =>
  JSON.parse(readFileSync(variable('POSTERN_TEST_VAULT'), 'utf8')) as VaultAccess;

function vault(folder: string): Readonly<Record<string, unknown>> {
  const { url, tls, role_id, secret_id } = vaultAccess();
  return {
    name: 'vault',
    kind: 'vault',
    url,
    tls: { ca: { file: join(tls, 'ca.pem') } },
    auth: { approle: { role_id, secret_id: privateFile(folder, 'secret-id', secret_id) } },
    mount: 'secret',
  };
}

function dogtag(): Readonly<Record<string, unknown>> {
  const file = (name: string): object => ({ file: join(variable('POSTERN_TEST_DOGTAG_PKI'), name) });
  return {
    name: 'dogtag',
    kind: 'dogtag',
    url: variable('POSTERN_TEST_DOGTAG'),
    tls: { ca: file('ca.crt'), cert: file('agent.crt'), key: file('agent.key') },
  };
}

export function privateFile(folder: string, name: string, text: string): object {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return { file: join(folder, name) };
}

/** The whole `stores` section: all five, `simple_crypto` for whom nothing is said. */
export const allStores = (folder: string): Readonly<Record<string, unknown>> => ({
  default: 'simple_crypto',
  configured: REAL_STORES.map((store) => store.configuration(folder)),
});
