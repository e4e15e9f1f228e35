import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestDatabase } from '../helpers/databases.ts';
import { REAL_STORES, vaultAccess, type RealKind } from '../helpers/real-stores.ts';
import { rowsOf } from './broker-process.ts';

/** A store of `REAL_STORES` with names of its own at its server: what is there can be told from what others left. */
export function ownStore(kind: RealKind, folder: string, run: string): Readonly<Record<string, unknown>> {
  const store = REAL_STORES.find((one) => one.kind === kind)!;
  const own: Partial<Record<RealKind, object>> = {
    vault: { prefix: `postern/${run}` },
    kmip: { namespace: run },
    dogtag: { namespace: run },
  };
  return { ...store.configuration(folder), ...own[kind] };
}

/** Ids of the secrets that a store holds payloads of, as its server itself, or the table of sealed payloads, lists them. */
export async function objectsAt(
  store: { readonly name: string; readonly kind: RealKind },
  run: string,
  database: TestDatabase,
): Promise<readonly string[]> {
  if (store.kind === 'kmip') return inKmip(run);
  if (store.kind === 'vault') return inVault(`postern/${run}/`).map((path) => path.split('/').at(-1) ?? '');
  if (store.kind === 'dogtag') return inDogtag(run);
  const rows = await rowsOf(
    database.options,
    `select secret_id from sealed_payloads where store = '${store.name}'`,
  );
  return rows.map(({ secret_id: id }) => String(id));
}

/** Looked up where the server keeps them. It forgets destroyed objects, and not their names. */
function inKmip(run: string): readonly string[] {
  const script = `
import sqlite3, sys
rows = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True).execute(
    'select name from managed_object_names join managed_objects on uid = mo_uid where name like ?',
    (sys.argv[2] + ':%',))
print('\\n'.join(name.split(':')[2] for (name,) in rows))`;
  const objects = join(process.env['POSTERN_TEST_KMIP_TLS'] ?? '', '..', 'objects.sqlite');
  const names = execute('python3', ['-c', script, objects, run]);
  return names.split('\n').filter((name) => name !== '');
}

/** Folder by folder: one for each project. */
function inVault(folder: string): readonly string[] {
  const { url, tls, root_token: token } = vaultAccess();
  const ca = ['--cacert', join(tls, 'ca.pem')];
  const words = ['-s', ...ca, '--config', '-', '-X', 'LIST', `${url}/v1/secret/metadata/${folder}`];
  const answer = execute('curl', words, `header = "X-Vault-Token: ${token}"`);
  const keys = (JSON.parse(answer) as { data?: { keys: string[] } }).data?.keys ?? [];
  return keys.flatMap((key) => (key.endsWith('/') ? inVault(`${folder}${key}`) : [`${folder}${key}`]));
}

const PAGE = 2_000;

function inDogtag(run: string): readonly string[] {
  const pki = process.env['POSTERN_TEST_DOGTAG_PKI'] ?? '';
  const file = (name: string): string => join(pki, name);
  const files = ['--cacert', file('ca.crt'), '--cert', file('admin.crt'), '--key', file('admin.key')];
  const url = `${process.env['POSTERN_TEST_DOGTAG'] ?? ''}/kra/rest/agent/keys?status=active&maxResults=1000000`;
  const ids: string[] = [];
  for (let start = 0; ; start += PAGE) {
    const page = [`${url}&size=${PAGE}&start=${start}`, '-H', 'Accept: application/json'];
    const { entries } = JSON.parse(execute('curl', ['-sSf', ...files, ...page])) as {
      entries: { clientKeyID?: string }[];
    };
    const parts = entries.map(({ clientKeyID = '' }) => clientKeyID.split(':'));
    ids.push(...parts.filter(([namespace]) => namespace === run).map((all) => all[2] ?? ''));
    if (entries.length < PAGE) return ids;
  }
}

const execute = (command: string, words: readonly string[], input = ''): string =>
  execFileSync(command, words, { encoding: 'utf8', input, maxBuffer: 1 << 28 });
