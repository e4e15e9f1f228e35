import type { SharedTarget } from '../../model/target.ts';
import type { TransportKey } from '../../repositories/transport-keys.ts';
import { nothing, route, type Route } from '../route.ts';
import {
  CREATE_TRANSPORT_KEY,
  DELETE_TRANSPORT_KEY,
  LIST_TRANSPORT_KEYS,
  SHOW_TRANSPORT_KEY,
} from './contracts.ts';
import {
  findTransportKey,
  getTransportKey,
  getTransportKeys,
  postTransportKey,
  removeTransportKey,
  TRANSPORT_KEY_MISSING,
} from './handlers.ts';
import { parseListTransportKeys, parseNewTransportKey } from './schema.ts';

const noObject = (): Promise<undefined> => Promise.resolve(undefined);
const collection = {
  path: '/v1/transport_keys',
  answers: 'json',
  missing: '',
  find: noObject,
} as const;
const keyTarget = (id: string | null): SharedTarget => ({ type: 'transport_key', id });
const item = {
  path: '/v1/transport_keys/:id',
  // The original answered anything but JSON here; clients that found their way around that still get their answer.
  answers: 'any',
  missing: TRANSPORT_KEY_MISSING,
  find: findTransportKey,
  target: ({ id }: TransportKey) => keyTarget(id),
  parse: nothing,
} as const;

export const transportKeyRoutes: readonly Route[] = [
  route({
    ...collection,
    method: 'get',
    action: 'transport_keys:get',
    operation: 'Transport Key(s) retrieval',
    parse: parseListTransportKeys,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_TRANSPORT_KEYS,
    handle: getTransportKeys,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'transport_keys:post',
    operation: 'Transport Key Creation',
    reads: 'json',
    parse: parseNewTransportKey,
    target: () => keyTarget(null),
    contract: CREATE_TRANSPORT_KEY,
    handle: postTransportKey,
  }),
  route({
    ...item,
    method: 'get',
    action: 'transport_key:get',
    operation: 'Transport Key retrieval',
    contract: SHOW_TRANSPORT_KEY,
    handle: getTransportKey,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'transport_key:delete',
    operation: 'Transport Key deletion',
    contract: DELETE_TRANSPORT_KEY,
    handle: removeTransportKey,
  }),
];
