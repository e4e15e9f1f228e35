import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { MethodNotAllowed } from '../../errors.ts';
import { asksForMetadata } from '../accept.ts';
import { nothing, route, type RawInput, type Route } from '../route.ts';
import {
  ADD_PAYLOAD,
  CREATE_SECRET,
  DELETE_SECRET,
  LIST_SECRETS,
  SHOW_PAYLOAD,
  SHOW_SECRET,
  SHOW_SECRET_AS_PAYLOAD,
} from './contracts.ts';
import { newSecretTarget } from './draft.ts';
import { findSecret, SECRET_MISSING } from './find-secret.ts';
import {
  getPayload,
  getSecret,
  getSecretAsPayload,
  getSecrets,
  postSecret,
  putPayload,
  removeSecret,
  type Removal,
} from './handlers.ts';
import { parseListSecrets } from './list-query.ts';
import { parsePayloadWish } from './payload-wish.ts';
import { parseNewSecret } from './schema.ts';
import { parseSecondStep } from './second-step.ts';

const COLLECTION = '/v1/secrets';
const ITEM = '/v1/secrets/:id';
const PAYLOAD = '/v1/secrets/:id/payload';

const noObject = (): Promise<undefined> => Promise.resolve(undefined);
const secretTarget = (found: LoadedSecret): LoadedSecret['target'] => found.target;
const item = { path: ITEM, find: findSecret, target: secretTarget, missing: SECRET_MISSING } as const;
const payload = {
  ...item,
  path: PAYLOAD,
  action: 'secret:decrypt',
  operation: 'Secret payload retrieval',
} as const;

export const secretRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: COLLECTION,
    action: 'secrets:get',
    operation: 'Secret(s) retrieval',
    answers: 'json',
    missing: '',
    find: noObject,
    parse: parseListSecrets,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_SECRETS,
    handle: getSecrets,
  }),
  route({
    method: 'post',
    path: COLLECTION,
    action: 'secrets:post',
    operation: 'Secret creation',
    answers: 'json',
    reads: 'json',
    missing: '',
    find: noObject,
    parse: parseNewSecret,
    target: (_found, input) => newSecretTarget(input),
    contract: CREATE_SECRET,
    handle: postSecret,
  }),
  route({
    ...item,
    method: 'get',
    action: 'secret:get',
    operation: 'Secret retrieval',
    when: asksForMetadata,
    answers: 'any',
    parse: nothing,
    contract: SHOW_SECRET,
    handle: getSecret,
  }),
  // Deprecated, and still asked for: another Accept makes the same path answer with the payload.
  route({
    ...item,
    method: 'get',
    action: 'secret:decrypt',
    operation: 'Secret retrieval',
    when: (header) => !asksForMetadata(header),
    answers: 'any',
    revealsPayload: true,
    parse: parsePayloadWish,
    contract: SHOW_SECRET_AS_PAYLOAD,
    handle: getSecretAsPayload,
  }),
  route({
    ...item,
    method: 'put',
    action: 'secret:put',
    operation: 'Secret update',
    answers: 'any',
    reads: 'payload',
    parse: parseSecondStep,
    contract: ADD_PAYLOAD,
    handle: putPayload,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'secret:delete',
    operation: 'Secret deletion',
    answers: 'any',
    parse: parseRemoval,
    contract: DELETE_SECRET,
    handle: removeSecret,
  }),
  route({
    ...payload,
    method: 'get',
    answers: 'any',
    revealsPayload: true,
    parse: parsePayloadWish,
    contract: SHOW_PAYLOAD,
    handle: getPayload,
  }),
  // The original asks the policy before it refuses the method.
  route({
    ...payload,
    method: '*',
    answers: 'any',
    parse: nothing,
    handle: () => Promise.reject(new MethodNotAllowed('', { headers: { Allow: 'GET' } })),
  }),
];

const YES = new Set(['1', 't', 'true', 'on', 'y', 'yes']);
const NO = new Set(['0', 'f', 'false', 'off', 'n', 'no']);

/** From microversion 1.2 a secret in use is protected; before, `force` is not even looked at. */
function parseRemoval(raw: RawInput): Removal {
  const word = raw.query['force']?.trim().toLowerCase();
  if (word === undefined || NO.has(word)) return { force: false, guarded: raw.microversion >= 2 };
  return { force: YES.has(word) ? true : null, guarded: raw.microversion >= 2 };
}
