import type { LoadedContainer } from '../../repositories/container-targets.ts';
import { nothing, route, type Route } from '../route.ts';
import {
  ADD_CONSUMER,
  ADD_MEMBER,
  CREATE_CONTAINER,
  DELETE_CONTAINER,
  LIST_CONSUMERS,
  LIST_CONTAINERS,
  REMOVE_CONSUMER,
  REMOVE_MEMBER,
  SHOW_CONSUMER,
  SHOW_CONTAINER,
} from './contracts.ts';
import {
  CONSUMER_MISSING,
  consumerTarget,
  findConsumer,
  getConsumer,
  getConsumers,
  parseConsumer,
  parseListConsumers,
  postConsumer,
  removeConsumer,
} from './consumers.ts';
import { CONTAINER_MISSING, findContainer } from './find-container.ts';
import { getContainer, getContainers, postContainer, removeContainer } from './handlers.ts';
import { parseListContainers } from './list-query.ts';
import { parseMember, parseNewMember, postMember, removeMember } from './members.ts';
import { newContainerTarget, parseNewContainer } from './schema.ts';

const noObject = (): Promise<undefined> => Promise.resolve(undefined);
const containerTarget = (found: LoadedContainer): LoadedContainer['target'] => found.target;
const onContainer = { find: findContainer, target: containerTarget, missing: CONTAINER_MISSING } as const;

const collection = { path: '/v1/containers', answers: 'json', missing: '', find: noObject } as const;
const item = { ...onContainer, path: '/v1/containers/:id' } as const;
const consumers = { ...onContainer, path: '/v1/containers/:id/consumers', answers: 'json' } as const;

/** Old manuals show the secret's id below this path; the body alone says what is meant. */
const MEMBER_PATHS = ['/v1/containers/:id/secrets', '/v1/containers/:id/secrets/*ignored'];

const memberRoutes = MEMBER_PATHS.flatMap((path) => [
  route({
    ...onContainer,
    path,
    method: 'post',
    action: 'container_secret:post',
    operation: 'Container Secret creation',
    answers: 'json',
    reads: 'json',
    parse: parseNewMember,
    contract: ADD_MEMBER,
    handle: postMember,
  }),
  route({
    ...onContainer,
    path,
    method: 'delete',
    action: 'container_secret:delete',
    operation: 'Container Secret deletion',
    answers: 'any',
    reads: 'json',
    parse: parseMember,
    contract: REMOVE_MEMBER,
    handle: removeMember,
  }),
]);

export const containerRoutes: readonly Route[] = [
  route({
    ...collection,
    method: 'get',
    action: 'containers:get',
    operation: 'Containers(s) retrieval',
    parse: parseListContainers,
    target: (_found, input) => ({ type: 'collection', query: input?.sent ?? {} }),
    contract: LIST_CONTAINERS,
    handle: getContainers,
  }),
  route({
    ...collection,
    method: 'post',
    action: 'containers:post',
    operation: 'Container creation',
    reads: 'json',
    parse: parseNewContainer,
    target: (_found, input) => newContainerTarget(input),
    contract: CREATE_CONTAINER,
    handle: postContainer,
  }),
  route({
    ...item,
    method: 'get',
    action: 'container:get',
    operation: 'Container retrieval',
    answers: 'json',
    parse: nothing,
    contract: SHOW_CONTAINER,
    handle: getContainer,
  }),
  route({
    ...item,
    method: 'delete',
    action: 'container:delete',
    operation: 'Container deletion',
    answers: 'any',
    parse: nothing,
    contract: DELETE_CONTAINER,
    handle: removeContainer,
  }),
  ...memberRoutes,
  route({
    ...consumers,
    method: 'get',
    action: 'container_consumers:get',
    operation: 'ContainerConsumers(s) retrieval',
    parse: parseListConsumers,
    contract: LIST_CONSUMERS,
    handle: getConsumers,
  }),
  route({
    ...consumers,
    method: 'post',
    action: 'container_consumers:post',
    operation: 'ContainerConsumer creation',
    reads: 'json',
    parse: parseConsumer,
    contract: ADD_CONSUMER,
    handle: postConsumer,
  }),
  route({
    ...consumers,
    method: 'delete',
    action: 'container_consumers:delete',
    operation: 'ContainerConsumer deletion',
    reads: 'json',
    parse: parseConsumer,
    contract: REMOVE_CONSUMER,
    handle: removeConsumer,
  }),
  route({
    path: '/v1/containers/:id/consumers/:consumer',
    method: 'get',
    action: 'consumer:get',
    operation: 'ContainerConsumer retrieval',
    answers: 'json',
    missing: CONSUMER_MISSING,
    find: findConsumer,
    parse: nothing,
    target: consumerTarget,
    contract: SHOW_CONSUMER,
    handle: getConsumer,
  }),
];
