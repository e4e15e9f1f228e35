import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { nothing, route, type Route } from '../route.ts';
import { findSecret, SECRET_MISSING } from '../secrets/find-secret.ts';
import { ADD_CONSUMER, LIST_CONSUMERS, REMOVE_CONSUMER, SHOW_CONSUMER } from './contracts.ts';
import { CONSUMER_MISSING, consumerTarget, findSecretConsumer } from './find-consumer.ts';
import { getConsumer, getConsumers, postConsumer, removeConsumer } from './handlers.ts';
import { parseListConsumers, parseSecretConsumer } from './schema.ts';

const collection = {
  path: '/v1/secrets/:id/consumers',
  find: findSecret,
  target: (found: LoadedSecret): LoadedSecret['target'] => found.target,
  missing: SECRET_MISSING,
  answers: 'json',
} as const;

export const secretConsumerRoutes: readonly Route[] = [
  route({
    ...collection,
    method: 'get',
    action: 'secret_consumers:get',
    operation: 'SecretConsumers(s) retrieval',
    parse: parseListConsumers,
    contract: LIST_CONSUMERS,
    handle: getConsumers,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'secret_consumers:post',
    operation: 'SecretConsumer creation',
    reads: 'json',
    parse: parseSecretConsumer,
    contract: ADD_CONSUMER,
    handle: postConsumer,
  }),
  route({
    ...collection,
    method: 'delete',
    action: 'secret_consumers:delete',
    operation: 'SecretConsumer deletion',
    reads: 'json',
    parse: parseSecretConsumer,
    contract: REMOVE_CONSUMER,
    handle: removeConsumer,
  }),
  route({
    path: '/v1/secrets/:id/consumers/:consumer',
    method: 'get',
    action: 'consumer:get',
    operation: 'SecretConsumer retrieval',
    answers: 'json',
    missing: CONSUMER_MISSING,
    find: findSecretConsumer,
    target: consumerTarget,
    parse: nothing,
    contract: SHOW_CONSUMER,
    handle: getConsumer,
  }),
];
