import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mechanism } from 'pkcs11js';
import { createPkcs11Store, initTokenKeys, pkcs11Options } from '../../backends/pkcs11/index.ts';
import { CKA, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKM, CKU_USER } from '../../backends/pkcs11/mechanisms.ts';
import { loadModule, type Module } from '../../backends/pkcs11/module.ts';
import { createLog } from '../../src/log.ts';
import { now } from '../../src/model/timestamp.ts';
import { openDatabase } from '../../src/repositories/database.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import { migrate } from '../../src/repositories/migrate.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import type { RawClient, StoreBench } from './bench.ts';

const SESSIONS = 8;
const MASTER_KEY = { id: 'bench', mkek_label: 'bench-mkek', hmac_label: 'bench-hmac' };
const CK_PARAMS_AES_GCM_V240 = 7;
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Access {
  readonly library: string;
  readonly label: string;
  readonly pin: string;
}

function access(): Access {
  const given = (name: string): string => {
    const value = process.env[`POSTERN_TEST_PKCS11_${name}`];
    if (value === undefined)
      throw new Error(`POSTERN_TEST_PKCS11_${name} is not set (test/services/softhsm.sh env)`);
    return value;
  };
  // For the raw client, in this process.
  process.env['SOFTHSM2_CONF'] = given('CONF');
  return {
    library: given('LIBRARY'),
    label: given('TOKEN'),
    pin: readFileSync(given('PIN_FILE'), 'utf8').trim(),
  };
}

/** On the token that `POSTERN_TEST_PKCS11_…` (test/services/softhsm.sh env) tells of. */
export async function openPkcs11Bench(): Promise<StoreBench> {
  const at = access();
  const raw = openRaw(at);
  raw.removeKeys();
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  const options = pkcs11Options.parse({
    kind: 'pkcs11',
    name: 'bench',
    library: at.library,
    token_label: at.label,
    pin: at.pin,
    master_keys: [MASTER_KEY],
    sessions: SESSIONS,
    socket_folder: join(folder, 'run'),
  });
  const log = createLog('error', () => undefined);
  await initTokenKeys({ options, log });
  const database = openDatabase({ client: 'sqlite3', filename: join(folder, 'bench.sqlite') });
  await migrate(database);
  const keks = createKekRepository(database);
  const sealedPayloads = createSealedPayloadRepository(database);
  const store = await createPkcs11Store({ options, keks, sealedPayloads, clock: now, log });
  return {
    kind: 'pkcs11',
    store,
    raw,
    concurrency: SESSIONS,
    close: async () => {
      await database.knex.destroy();
      raw.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Raw extends RawClient {
  removeKeys(): void;
  close(): void;
}

/** The binding itself, in this process: one key, no associated data, no other process, nobody to share with. */
function openRaw({ library, label, pin }: Access): Raw {
  const module = loadModule(library);
  const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trim() === label);
  if (slot === undefined) throw new Error(`no token "${label}"`);
  const flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
  const sessions = Array.from({ length: SESSIONS }, () => module.C_OpenSession(slot, flags));
  const [keeper] = sessions as [Buffer];
  module.C_Login(keeper, CKU_USER, pin);
  const key = module.C_GenerateKey(keeper, { mechanism: CKM.CKM_AES_KEY_GEN }, [
    { type: CKA.TOKEN, value: false },
    { type: CKA.VALUE_LEN, value: 32 },
    { type: CKA.ENCRYPT, value: true },
    { type: CKA.DECRYPT, value: true },
  ]);
  const gcm = (iv: Buffer): Mechanism => {
    const parameter = { type: CK_PARAMS_AES_GCM_V240, iv, ivBits: IV_BYTES * 8, tagBits: TAG_BYTES * 8 };
    return { mechanism: CKM.CKM_AES_GCM, parameter };
  };
  // As many callers as sessions: one is always free.
  const within = async <T>(work: (session: Buffer) => Promise<T>): Promise<T> => {
    const session = sessions.pop() as Buffer;
    return work(session).finally(() => sessions.push(session));
  };
  return {
    name: 'pkcs11js in process, one key, no associated data',
    put: (payload) =>
      within(async (session) => {
        const iv = randomBytes(IV_BYTES);
        module.C_EncryptInit(session, gcm(iv), key);
        const room = Buffer.alloc(payload.length + TAG_BYTES);
        return [iv, await module.C_EncryptAsync(session, payload, room)] as const;
      }),
    get: (ref) =>
      within(async (session) => {
        const [iv, sealed] = ref as readonly [Buffer, Buffer];
        module.C_DecryptInit(session, gcm(iv), key);
        return module.C_DecryptAsync(session, sealed, Buffer.alloc(sealed.length));
      }),
    removeKeys: () => removeKeys(module, keeper),
    close: () => {
      removeKeys(module, keeper);
      module.C_Finalize();
    },
  };
}

function removeKeys(module: Module, session: Buffer): void {
  for (const label of [MASTER_KEY.mkek_label, MASTER_KEY.hmac_label]) {
    module.C_FindObjectsInit(session, [{ type: CKA.LABEL, value: label }]);
    const found = module.C_FindObjects(session, 10);
    module.C_FindObjectsFinal(session);
    for (const object of found) module.C_DestroyObject(session, object);
  }
}
