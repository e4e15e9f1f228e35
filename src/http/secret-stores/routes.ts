import type { SharedTarget } from '../../model/target.ts';
import type { SecretStoreRecord } from '../../repositories/secret-store-records.ts';
import { nothing, route, type Route } from '../route.ts';
import {
  LIST_STORES,
  PREFER_STORE,
  SHOW_DEFAULT_STORE,
  SHOW_PREFERRED_STORE,
  SHOW_STORE,
  UNPREFER_STORE,
} from './contracts.ts';
import { findStore, STORE_MISSING } from './find-store.ts';
import {
  getGlobalDefault,
  getPreferred,
  getStore,
  getStores,
  postPreferred,
  removePreferred,
} from './handlers.ts';

const COLLECTION = '/v1/secret-stores';

const reads = { method: 'get', answers: 'json', missing: '', parse: nothing } as const;
const storeTarget = ({ id, name }: SecretStoreRecord): SharedTarget => ({
  type: 'secret_store',
  id,
  store: name,
});
/** Which store it will be is what the request is there to find out. */
const someStore = (): SharedTarget => ({ type: 'secret_store', id: null });
const noObject = (): Promise<undefined> => Promise.resolve(undefined);
const preference = {
  path: `${COLLECTION}/:id/preferred`,
  find: findStore,
  target: storeTarget,
  missing: STORE_MISSING,
  answers: 'json',
  parse: nothing,
} as const;

/** The two fixed paths come before the one with an id, which would take them for ids. */
export const secretStoreRoutes: readonly Route[] = [
  route({
    ...reads,
    path: COLLECTION,
    action: 'secretstores:get',
    operation: 'List available secret stores',
    find: noObject,
    target: () => ({ type: 'collection', query: {} }),
    contract: LIST_STORES,
    handle: getStores,
  }),
  route({
    ...reads,
    path: `${COLLECTION}/global-default`,
    action: 'secretstores:get_global_default',
    operation: 'Retrieve global default secret store',
    find: noObject,
    target: someStore,
    contract: SHOW_DEFAULT_STORE,
    handle: getGlobalDefault,
  }),
  route({
    ...reads,
    path: `${COLLECTION}/preferred`,
    action: 'secretstores:get_preferred',
    operation: 'Retrieve project preferred store',
    find: noObject,
    target: someStore,
    contract: SHOW_PREFERRED_STORE,
    handle: getPreferred,
  }),
  route({
    ...reads,
    path: `${COLLECTION}/:id`,
    action: 'secretstore:get',
    operation: 'Secret store retrieval',
    missing: STORE_MISSING,
    find: findStore,
    target: storeTarget,
    contract: SHOW_STORE,
    handle: getStore,
  }),
  route({
    ...preference,
    method: 'post',
    action: 'secretstore_preferred:post',
    operation: 'Setting preferred secret store',
    contract: PREFER_STORE,
    handle: postPreferred,
  }),
  route({
    ...preference,
    method: 'delete',
    action: 'secretstore_preferred:delete',
    operation: 'Removing preferred secret store',
    contract: UNPREFER_STORE,
    handle: removePreferred,
  }),
];
