import { exactly, nullable, page, PAGE_QUERY, REF, TEXT, type Contract } from '../contract.ts';
import { TRANSPORT_KEY_SCHEMA } from './schema.ts';

/** With a space where other times have a `T`. */
const ROW_TIME = {
  type: 'string',
  pattern: String.raw`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{6})?$`,
} as const;

export const LIST_TRANSPORT_KEYS: Contract = {
  summary: 'References of the keys that payloads may be wrapped with',
  query: { ...PAGE_QUERY, plugin_name: 'Of this plugin only.' },
  answers: { 200: page('transport_keys', REF) },
};
export const CREATE_TRANSPORT_KEY: Contract = {
  summary: 'Add a transport key',
  body: { title: 'NewTransportKey', ...TRANSPORT_KEY_SCHEMA },
  answers: { 201: exactly({ transport_key_ref: REF }) },
};
export const SHOW_TRANSPORT_KEY: Contract = {
  summary: 'One transport key',
  answers: {
    200: exactly({
      id: TEXT,
      plugin_name: TEXT,
      transport_key: TEXT,
      status: { enum: ['ACTIVE'] },
      deleted: { type: 'boolean' },
      created_at: ROW_TIME,
      updated_at: ROW_TIME,
      deleted_at: nullable(TEXT),
    }),
  },
};
export const DELETE_TRANSPORT_KEY: Contract = { summary: 'Remove a transport key', answers: { 204: null } };
