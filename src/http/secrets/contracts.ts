import { CONTENT_TYPES, SECRET_TYPES } from '../../model/secret.ts';
import { exactly, NUMBER, nullable, page, PAGE_QUERY, REF, TEXT, TIME, type Contract } from '../contract.ts';
import { NEW_SECRET_SCHEMA } from './schema.ts';

/** As it is shown within a secret. */
const CONSUMER = exactly({ service: TEXT, resource_type: TEXT, resource_id: TEXT });

export const SECRET = {
  title: 'Secret',
  ...exactly(
    {
      created: TIME,
      updated: TIME,
      status: { enum: ['ACTIVE'] },
      name: nullable(TEXT),
      secret_type: { enum: SECRET_TYPES },
      expiration: { anyOf: [TIME, { type: 'null' }] },
      algorithm: nullable(TEXT),
      bit_length: nullable(NUMBER),
      mode: nullable(TEXT),
      creator_id: nullable(TEXT),
      secret_ref: REF,
    },
    {
      consumers: { type: 'array', items: CONSUMER },
      content_types: exactly({ default: { enum: CONTENT_TYPES } }),
    },
  ),
} as const;

const LIST_QUERY = {
  ...PAGE_QUERY,
  name: 'Exactly this name.',
  alg: 'Exactly this algorithm.',
  mode: 'Exactly this mode.',
  bits: 'Exactly this bit length.',
  secret_type: 'Exactly this type.',
  created: 'Times, each after `gt:`, `gte:`, `lt:`, `lte:` or nothing, separated by commas.',
  updated: 'As `created`.',
  expiration: 'As `created`.',
  sort: 'Fields, each with `:asc` or `:desc`, separated by commas.',
  acl_only: '`true`: only those, of any project, whose access control list names the caller.',
};

export const LIST_SECRETS: Contract = {
  summary: "The project's secrets, without their payloads",
  query: LIST_QUERY,
  answers: { 200: page('secrets', SECRET) },
};
export const CREATE_SECRET: Contract = {
  summary: 'Store a secret, with its payload or without',
  body: { title: 'NewSecret', ...NEW_SECRET_SCHEMA },
  answers: { 201: exactly({ secret_ref: REF }) },
};
export const SHOW_SECRET: Contract = {
  summary: 'What is known of a secret; with another Accept than JSON, its payload',
  answers: { 200: SECRET },
};
export const SHOW_SECRET_AS_PAYLOAD: Contract = {
  summary: 'The payload of a secret',
  answers: { 200: 'payload', 204: null },
};
export const SHOW_PAYLOAD: Contract = {
  summary: 'The payload of a secret',
  answers: { 200: 'payload', 204: null },
};
export const ADD_PAYLOAD: Contract = {
  summary: 'Give a secret the payload it does not have yet',
  body: 'payload',
  answers: { 204: null },
};
export const DELETE_SECRET: Contract = {
  summary: 'Delete a secret and destroy its payload',
  query: { force: 'From microversion 1.2: `true` deletes a secret that has consumers.' },
  answers: { 204: null },
};
