import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDogtagStore, dogtagOptions, type DogtagOptions } from '../../backends/dogtag/index.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { skipAloud } from '../helpers/databases.ts';

/** The Dogtag of `test/services/dogtag.sh`; undefined: its `env` was not read. */
export const DOGTAG_URL = process.env['POSTERN_TEST_DOGTAG'];
export const NO_DOGTAG = 'POSTERN_TEST_DOGTAG is not set: see test/services/dogtag.sh';

/** Skipped by name, or failed when `REQUIRE_STORES` has the kind. */
export const skipWithoutDogtag = (): void =>
  skipAloud(NO_DOGTAG, (process.env['REQUIRE_STORES'] ?? '').split(',').includes('dogtag'));

/** Certificates by name, as `test/services/dogtag/credentials.py` makes them. */
export const pkiFile = (name: string): string =>
  readFileSync(join(process.env['POSTERN_TEST_DOGTAG_PKI'] ?? '', name), 'utf8');

export type Changes = Readonly<Record<string, unknown>>;

/** As an operator's file would say it, with the agent's certificate or that of another name. */
export function optionsOf(changes: Changes = {}, credentials = 'agent'): DogtagOptions {
  const tls = {
    ca: pkiFile('ca.crt'),
    cert: pkiFile(`${credentials}.crt`),
    key: pkiFile(`${credentials}.key`),
  };
  return dogtagOptions.parse({ kind: 'dogtag', name: 'kra', url: DOGTAG_URL, tls, ...changes });
}

export const openDogtag = (changes: Changes = {}, credentials = 'agent'): Promise<SecretStore> =>
  createDogtagStore({ options: optionsOf(changes, credentials), clockMs: Date.now });
