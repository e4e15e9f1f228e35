import { exactly, page, PAGE_QUERY, TEXT, TIME, type Contract } from '../contract.ts';
import { SECRET } from '../secrets/contracts.ts';
import { SECRET_CONSUMER_SCHEMA } from './schema.ts';

const CONSUMER = {
  title: 'SecretConsumer',
  ...exactly({
    created: TIME,
    updated: TIME,
    status: { enum: ['ACTIVE'] },
    service: TEXT,
    resource_type: TEXT,
    resource_id: TEXT,
  }),
} as const;
const body = { title: 'NewSecretConsumer', ...SECRET_CONSUMER_SCHEMA } as const;

export const LIST_CONSUMERS: Contract = {
  summary: 'What uses a secret',
  query: PAGE_QUERY,
  answers: { 200: page('consumers', CONSUMER) },
};
export const ADD_CONSUMER: Contract = {
  summary: 'Say that something uses a secret',
  body,
  answers: { 200: SECRET },
};
export const REMOVE_CONSUMER: Contract = {
  summary: 'Say that something uses a secret no more',
  body,
  answers: { 200: SECRET },
};
export const SHOW_CONSUMER: Contract = { summary: 'One consumer of a secret', answers: { 200: CONSUMER } };
