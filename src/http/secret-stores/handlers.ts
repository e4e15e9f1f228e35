import { NotFound } from '../../errors.ts';
import type { SecretStoreRecord } from '../../repositories/secret-store-records.ts';
import type { Call, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { requireMultiple, storeNamed } from './find-store.ts';
import { presentStore } from './present.ts';

const noPreference = (): NotFound =>
  new NotFound('Not Found. No preferred secret store defined for this project.');

type StoreCall = Call<SecretStoreRecord, unknown>;

export function getStores(services: Services, { base }: Call<unknown, unknown>): Promise<Reply> {
  requireMultiple(services);
  const items = services.storeRecords.map((record) => presentStore(services, record, base));
  return Promise.resolve({ status: 200, body: { secret_stores: items } });
}

export function getGlobalDefault(services: Services, { base }: Call<unknown, unknown>): Promise<Reply> {
  requireMultiple(services);
  const record = storeNamed(services, services.stores.default.name);
  return Promise.resolve({ status: 200, body: presentStore(services, record, base) });
}

/** What this project's new secrets go to. Read anew: another process may have set it a moment ago. */
export async function getPreferred(services: Services, call: Call<unknown, unknown>): Promise<Reply> {
  requireMultiple(services);
  const name = await services.projectStores.findNow(call.projectId);
  if (name === undefined) throw noPreference();
  return { status: 200, body: presentStore(services, storeNamed(services, name), call.base) };
}

export function getStore(services: Services, { found, base }: StoreCall): Promise<Reply> {
  return Promise.resolve({ status: 200, body: presentStore(services, found, base) });
}

export async function postPreferred(
  services: Services,
  { found, projectId, now }: StoreCall,
): Promise<Reply> {
  await services.projectStores.assign(projectId, found.name, now);
  return { status: 204 };
}

/** Of a store that is not the preferred one there is no preference to remove. */
export async function removePreferred(services: Services, { found, projectId }: StoreCall): Promise<Reply> {
  if (!(await services.projectStores.unassign(projectId, found.name))) throw noPreference();
  return { status: 204 };
}
