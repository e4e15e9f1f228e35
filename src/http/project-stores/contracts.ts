import { exactly, nullable, page, PAGE_QUERY, REF, TEXT, TIME, type Contract } from '../contract.ts';
import { PROJECT_STORE_SCHEMA } from './schema.ts';

const PROJECT_STORE = {
  title: 'ProjectStore',
  ...exactly({
    project_id: TEXT,
    store: TEXT,
    // Null: another process was configured with this store, and the one that answers was not.
    secret_store_ref: nullable({ ...REF, title: 'ReferenceOrNull' }),
    created: TIME,
    updated: TIME,
    // By the names of stores: how many payloads of the project each of them holds.
    secrets: { type: 'object', additionalProperties: { type: 'integer', minimum: 1 } },
  }),
} as const;

export const LIST_PROJECT_STORES: Contract = {
  summary: 'The projects that have a store of their own, and where their secrets are',
  query: PAGE_QUERY,
  answers: { 200: page('project_stores', PROJECT_STORE) },
};
export const SHOW_PROJECT_STORE: Contract = {
  summary: "The store of a project's new secrets, and where its secrets are",
  answers: { 200: exactly({ project_store: PROJECT_STORE }) },
};
export const SET_PROJECT_STORE: Contract = {
  summary: "Keep the project's new secrets in this store; those that exist stay where they are",
  body: { title: 'NewProjectStore', ...PROJECT_STORE_SCHEMA },
  answers: { 204: null },
};
export const DELETE_PROJECT_STORE: Contract = {
  summary: "Keep the project's new secrets in the default store",
  answers: { 204: null },
};
