import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { nothing, route, type Route } from '../route.ts';
import { findSecret, SECRET_MISSING } from '../secrets/find-secret.ts';
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
    handle: getMetadata,
  }),
  route({
    ...collection,
    method: 'put',
    action: 'secret_meta:put',
    operation: 'Secret metadata creation',
    reads: 'json',
    parse: parseMetadata,
    handle: putMetadata,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'secret_meta:post',
    operation: 'Secret metadatum creation',
    reads: 'json',
    parse: parseMetadatum,
    handle: postMetadatum,
  }),
  route({
    ...item,
    method: 'get',
    action: 'secret_meta:get',
    operation: 'Secret metadatum retrieval',
    parse: keyOfPath,
    handle: getMetadatum,
  }),
  route({
    ...item,
    method: 'put',
    action: 'secret_meta:put',
    operation: 'Secret metadatum update',
    reads: 'json',
    parse: (raw) => ({ pathKey: keyOfPath(raw), item: parseMetadatum(raw) }),
    handle: putMetadatum,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'secret_meta:delete',
    operation: 'Secret metadatum removal',
    answers: 'any',
    parse: keyOfPath,
    handle: removeMetadatum,
  }),
];
