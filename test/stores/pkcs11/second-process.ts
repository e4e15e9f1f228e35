import { openDatabase, type DatabaseOptions } from '../../../src/repositories/database.ts';
import type { Pkcs11Options } from '../../../backends/pkcs11/index.ts';
import { Payload } from '../../../src/model/payload.ts';
import { aSecretHeader } from '../../helpers/secret-row.ts';
import { openPkcs11 } from './tokens.ts';

/** Another process with the same store: tells how it fares, seals once for each line it reads, and ends with its input. */
interface Given {
  readonly database: DatabaseOptions;
  readonly options: Pkcs11Options;
}

const { database, options } = JSON.parse(process.argv[2] ?? '') as Given;
const db = openDatabase(database);
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const store = await openPkcs11(db, options).catch((error: unknown) => {
  const { name, detail } = error as { name: string; detail?: string };
  say({ failed: name, detail });
  process.exit(0);
});
say({ pid: (await store.health())['pid'] });
process.stdin.on('data', () => void sealOnce());
process.stdin.on('end', () => process.exit(0));

async function sealOnce(): Promise<void> {
  try {
    const payload = Payload.copy(Buffer.from('from another process'));
    const sealed = await store.sealer?.seal(aSecretHeader(), payload);
    say({ sealed: sealed?.blob.length, pid: (await store.health())['pid'] });
  } catch (error) {
    say({ failed: (error as Error).name });
  }
}
