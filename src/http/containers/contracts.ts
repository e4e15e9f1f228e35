import { CONTAINER_TYPES } from '../../model/container.ts';
import { exactly, nullable, page, PAGE_QUERY, REF, TEXT, TIME, type Contract } from '../contract.ts';
import { CONSUMER_SCHEMA } from './consumers.ts';
import { MEMBER_SCHEMA } from './members.ts';
import { NEW_CONTAINER_SCHEMA } from './schema.ts';

const CONTAINER = {
  title: 'Container',
  ...exactly({
    created: TIME,
    updated: TIME,
    status: { enum: ['ACTIVE'] },
    name: nullable(TEXT),
    type: { enum: CONTAINER_TYPES },
    creator_id: nullable(TEXT),
    secret_refs: { type: 'array', items: exactly({ name: nullable(TEXT), secret_ref: REF }) },
    consumers: { type: 'array', items: exactly({ name: TEXT, URL: TEXT }) },
    container_ref: REF,
  }),
} as const;
const CREATED = exactly({ container_ref: REF });
const CONSUMER = {
  title: 'ContainerConsumer',
  ...exactly({ created: TIME, updated: TIME, status: { enum: ['ACTIVE'] }, name: TEXT, URL: TEXT }),
} as const;
const newConsumer = { title: 'NewContainerConsumer', ...CONSUMER_SCHEMA } as const;
const member = { title: 'ContainerMember', ...MEMBER_SCHEMA } as const;

export const LIST_CONTAINERS: Contract = {
  summary: "The project's containers",
  query: { ...PAGE_QUERY, name: 'Exactly this name.', type: 'Exactly this type.' },
  answers: { 200: page('containers', CONTAINER) },
};
export const CREATE_CONTAINER: Contract = {
  summary: 'Put secrets of the project together, each under a name',
  body: { title: 'NewContainer', ...NEW_CONTAINER_SCHEMA },
  answers: { 201: CREATED },
};
export const SHOW_CONTAINER: Contract = {
  summary: 'A container, its secrets and its consumers',
  answers: { 200: CONTAINER },
};
export const DELETE_CONTAINER: Contract = {
  summary: 'Delete a container; its secrets stay',
  answers: { 204: null },
};
export const ADD_MEMBER: Contract = {
  summary: 'Add a secret to a generic container',
  body: member,
  answers: { 201: CREATED },
};
export const REMOVE_MEMBER: Contract = {
  summary: 'Take a secret out of a container',
  body: member,
  answers: { 204: null },
};
export const LIST_CONSUMERS: Contract = {
  summary: 'Who uses a container',
  query: PAGE_QUERY,
  answers: { 200: page('consumers', CONSUMER) },
};
export const ADD_CONSUMER: Contract = {
  summary: 'Say that someone uses a container',
  body: newConsumer,
  answers: { 200: CONTAINER },
};
export const REMOVE_CONSUMER: Contract = {
  summary: 'Say that someone uses a container no more',
  body: newConsumer,
  answers: { 200: CONTAINER },
};
export const SHOW_CONSUMER: Contract = { summary: 'One consumer of a container', answers: { 200: CONSUMER } };
