import { measureStore, type StoreBench, type StoreRow } from './bench.ts';
import { openDogtagBench } from './dogtag.ts';
import { openKmipBench } from './kmip.ts';
import { openPkcs11Bench } from './pkcs11.ts';
import { openVaultBench } from './vault.ts';

/** Opens the bench of a kind; `variable` says that its server is there (test/services). */
interface Kind {
  readonly kind: string;
  readonly variable: string;
  readonly open: () => Promise<StoreBench>;
}

const KINDS: readonly Kind[] = [
  { kind: 'pkcs11', variable: 'POSTERN_TEST_PKCS11_LIBRARY', open: openPkcs11Bench },
  { kind: 'kmip', variable: 'POSTERN_TEST_KMIP', open: openKmipBench },
  { kind: 'vault', variable: 'POSTERN_TEST_VAULT', open: openVaultBench },
  { kind: 'dogtag', variable: 'POSTERN_TEST_DOGTAG', open: openDogtagBench },
];

export interface StoreRows {
  readonly rows: readonly StoreRow[];
  /** Kinds whose servers are not here. */
  readonly absent: readonly string[];
}

export async function storeRows(rounds: number, seconds: number): Promise<StoreRows> {
  const rows: StoreRow[] = [];
  const absent: string[] = [];
  for (const { kind, variable, open } of KINDS) {
    if (process.env[variable] === undefined) absent.push(kind);
    else rows.push(await measureStore(await open(), rounds, seconds));
  }
  return { rows, absent };
}
