import { exactly, nullable, REF, TEXT, TIME, type Contract } from '../contract.ts';

const STORE = {
  title: 'SecretStore',
  ...exactly({
    created: TIME,
    updated: TIME,
    status: { enum: ['ACTIVE'] },
    crypto_plugin: nullable(TEXT),
    global_default: { type: 'boolean' },
    name: TEXT,
    secret_store_plugin: TEXT,
    secret_store_ref: REF,
  }),
} as const;

export const LIST_STORES: Contract = {
  summary: 'The configured stores',
  answers: { 200: exactly({ secret_stores: { type: 'array', items: STORE } }) },
};
export const SHOW_DEFAULT_STORE: Contract = {
  summary: 'The store of projects that have none of their own',
  answers: { 200: STORE },
};
export const SHOW_PREFERRED_STORE: Contract = {
  summary: "The store of the caller's project",
  answers: { 200: STORE },
};
export const SHOW_STORE: Contract = { summary: 'One store', answers: { 200: STORE } };
export const PREFER_STORE: Contract = {
  summary: "Keep the project's new secrets in this store",
  answers: { 204: null },
};
export const UNPREFER_STORE: Contract = {
  summary: "Keep the project's new secrets in the default store",
  answers: { 204: null },
};
