import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { nothing, route, type Route } from '../route.ts';
import { findSecret, SECRET_MISSING } from '../secrets/find-secret.ts';
import {
  ADD_METADATUM,
  CHANGE_METADATUM,
  DELETE_METADATUM,
  REPLACE_METADATA,
  SHOW_METADATA,
  SHOW_METADATUM,
} from './contracts.ts';
import {
  getMetadata,
  getMetadatum,
  postMetadatum,
  putMetadata,
  putMetadatum,
  removeMetadatum,
} from './handlers.ts';
import { keyOfPath, parseMetadata, parseMetadatum } from './schema.ts';

const secretTarget = (found: LoadedSecret): LoadedSecret['target'] => found.target;
const onSecret = {
  find: findSecret,
  target: secretTarget,
  missing: SECRET_MISSING,
  answers: 'json',
} as const;
const collection = { ...onSecret, path: '/v1/secrets/:id/metadata' } as const;
const item = { ...onSecret, path: '/v1/secrets/:id/metadata/:key' } as const;

export const metadataRoutes: readonly Route[] = [
  route({
    ...collection,
    method: 'get',
    action: 'secret_meta:get',
    operation: 'Secret metadata retrieval',
    parse: nothing,
    contract: SHOW_METADATA,
    handle: getMetadata,
  }),
  route({
    ...collection,
    method: 'put',
    action: 'secret_meta:put',
    operation: 'Secret metadata creation',
    reads: 'json',
    parse: parseMetadata,
    contract: REPLACE_METADATA,
    handle: putMetadata,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'secret_meta:post',
    operation: 'Secret metadatum creation',
    reads: 'json',
    parse: parseMetadatum,
    contract: ADD_METADATUM,
    handle: postMetadatum,
  }),
  route({
    ...item,
    method: 'get',
    action: 'secret_meta:get',
    operation: 'Secret metadatum retrieval',
    parse: keyOfPath,
    contract: SHOW_METADATUM,
    handle: getMetadatum,
  }),
  route({
    ...item,
    method: 'put',
    action: 'secret_meta:put',
    operation: 'Secret metadatum update',
    reads: 'json',
    parse: (raw) => ({ pathKey: keyOfPath(raw), item: parseMetadatum(raw) }),
    contract: CHANGE_METADATUM,
    handle: putMetadatum,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'secret_meta:delete',
    operation: 'Secret metadatum removal',
    answers: 'any',
    parse: keyOfPath,
    contract: DELETE_METADATUM,
    handle: removeMetadatum,
  }),
];
