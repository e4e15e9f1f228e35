import { NotFound, StoreUnavailable } from '../../errors.ts';
import type { SecretStoreRecord } from '../../repositories/secret-store-records.ts';
import type { Lookup } from '../route.ts';
import type { Services } from '../services.ts';

export const STORE_MISSING = 'Not Found. Secret store not found.';

type StoreServices = Pick<Services, 'multipleStores' | 'storeRecords'>;

/** With one store there is nothing to choose from, and the API says so wherever it would offer a choice. */
export function requireMultiple({ multipleStores }: Pick<StoreServices, 'multipleStores'>): void {
  if (multipleStores) return;
  throw new NotFound('Not Found. Multiple backends support is not enabled in service configuration.');
}

/** The store a path addresses. */
export async function findStore(services: StoreServices, { params }: Lookup): Promise<SecretStoreRecord> {
  requireMultiple(services);
  const record = services.storeRecords.find(({ id }) => id === params['id']);
  if (record === undefined) throw new NotFound(STORE_MISSING);
  return Promise.resolve(record);
}

/** A name that another process was configured with, and this one was not: there is such a store, only not here. */
export function storeNamed({ storeRecords }: StoreServices, name: string): SecretStoreRecord {
  const record = storeRecords.find((one) => one.name === name);
  if (record !== undefined) return record;
  throw new StoreUnavailable(`store "${name}" is not configured`);
}
