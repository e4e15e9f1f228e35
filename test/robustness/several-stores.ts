import { expect } from 'chai';
import type { TestDatabase } from '../helpers/databases.ts';
import { allStores, type RealKind } from '../helpers/real-stores.ts';
import { configuration, databaseSection, runPostern, type Workplace } from './broker-process.ts';

/** A configuration with a store of every kind, each named as its kind, and a token with keys. */
export async function configureAllStores(
  place: Workplace,
  { options }: TestDatabase,
  changes: object = {},
): Promise<string> {
  const stores = allStores(place.folder);
  const file = place.config(configuration(place, { database: databaseSection(options), stores, ...changes }));
  await prepareToken(file);
  return file;
}

/** The keys may be there from an earlier run. */
export async function prepareToken(file: string): Promise<void> {
  await runPostern(['keys', 'init', 'pkcs11', '--config', file]);
  const checked = await runPostern(['keys', 'check', 'pkcs11', '--config', file]);
  expect(checked.code, checked.stdout + checked.stderr).to.equal(0);
}

/** A project `p-KIND` for each store that is named as its kind. */
export async function assignEach(file: string, kinds: readonly { readonly kind: RealKind }[]): Promise<void> {
  for (const { kind } of kinds) {
    const ran = await runPostern(['stores', 'assign', `p-${kind}`, kind, '--config', file]);
    expect(ran.code, ran.stderr).to.equal(0);
  }
}
