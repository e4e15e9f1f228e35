import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createPkcs11Store,
  initTokenKeys,
  pkcs11Options,
  type Pkcs11Options,
} from '../../../backends/pkcs11/index.ts';
import { createLog, type Log } from '../../../src/log.ts';
import { now } from '../../../src/model/timestamp.ts';
import type { Database } from '../../../src/repositories/database.ts';
import { createKekRepository } from '../../../src/repositories/keks.ts';
import { createSealedPayloadRepository } from '../../../src/repositories/sealed-payloads.ts';
import type { SecretStore } from '../../../src/stores/secret-store.ts';

/** From `test/services/softhsm.sh env`. */
export const LIBRARY = process.env['POSTERN_TEST_PKCS11_LIBRARY'];
const FAULTS = process.env['POSTERN_TEST_PKCS11_FAULTS'];
export const ABSENT =
  LIBRARY === undefined || FAULTS === undefined
    ? 'POSTERN_TEST_PKCS11_LIBRARY or _FAULTS is not set: run test/services/softhsm.sh up, and eval its env'
    : undefined;

const PIN = '73501946';
const SO_PIN = '40195527';

export type Changes = Readonly<Record<string, unknown>>;

/** A SoftHSM token of the test's own, behind the module that fails on demand. */
export interface TestToken {
  readonly folder: string;
  readonly pin: string;
  /** Of a store on this token; `changes` are options as an operator writes them. */
  options(changes?: Changes): Pkcs11Options;
  /** Rules of the failing module, see softhsm-faults.c; none for a token that is well. */
  rules(...lines: readonly string[]): void;
  /** How often that function of the module was called. */
  calls(name: string): number;
  /** What `pkcs11-tool` prints, logged in. */
  tool(...args: readonly string[]): string;
  /** Its process may be at its last call. */
  remove(): Promise<void>;
}

export const LOG_LINES: string[] = [];
export const quietLog: Log = createLog('debug', (line) => LOG_LINES.push(line));

/** Labels of a store's own: two stores of one token share nothing. */
export const masterKey = (id: string): { id: string; mkek_label: string; hmac_label: string } => ({
  id,
  mkek_label: `${id}-mkek`,
  hmac_label: `${id}-hmac`,
});

export function createToken(label = 'postern-test'): TestToken {
  const folder = mkdtempSync(join(tmpdir(), 'postern-p11-'));
  const conf = join(folder, 'softhsm2.conf');
  mkdirSync(join(folder, 'tokens'));
  writeFileSync(
    conf,
    `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const environment = {
    SOFTHSM2_CONF: conf,
    POSTERN_FAULTS_MODULE: LIBRARY ?? '',
    POSTERN_FAULTS_RULES: join(folder, 'rules'),
    POSTERN_FAULTS_CALLS: join(folder, 'calls'),
  };
  addToken(folder, label);
  const given = {
    kind: 'pkcs11',
    name: 'hsm',
    library: FAULTS,
    token_label: label,
    pin: PIN,
    master_keys: [masterKey('root-1')],
    sessions: 4,
    socket_folder: join(folder, 'run'),
    environment,
  };
  return {
    folder,
    pin: PIN,
    options: (changes = {}) => pkcs11Options.parse({ ...given, ...changes }),
    rules: (...lines) =>
      writeFileSync(environment.POSTERN_FAULTS_RULES, lines.map((line) => `${line}\n`).join('')),
    calls: (name) => callsOf(environment.POSTERN_FAULTS_CALLS, name),
    tool: (...args) =>
      execFileSync(
        'pkcs11-tool',
        ['--module', LIBRARY ?? '', '--token-label', label, '--login', '--pin', PIN, ...args],
        {
          env: { ...process.env, SOFTHSM2_CONF: conf },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      ),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }),
  };
}

/** One more token, in the same folder. */
export function addToken(folder: string, label: string): void {
  execFileSync(
    'softhsm2-util',
    ['--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', SO_PIN],
    { env: { ...process.env, SOFTHSM2_CONF: join(folder, 'softhsm2.conf') }, stdio: 'ignore' },
  );
}

function callsOf(file: string, name: string): number {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line === name).length;
  } catch {
    return 0;
  }
}

export function openPkcs11(db: Database, options: Pkcs11Options, log: Log = quietLog): Promise<SecretStore> {
  return createPkcs11Store({
    options,
    keks: createKekRepository(db),
    sealedPayloads: createSealedPayloadRepository(db),
    clock: now,
    log,
  });
}

/** With its master keys made. */
export async function createReadyToken(changes: Changes = {}, label = 'postern-test'): Promise<TestToken> {
  const token = createToken(label);
  await initTokenKeys({ options: token.options(changes), log: quietLog });
  return token;
}
