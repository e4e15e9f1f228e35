import { QUOTA_RESOURCES } from '../../model/target.ts';
import { exactly, NUMBER, nullable, page, PAGE_QUERY, TEXT, type Contract } from '../contract.ts';
import { PROJECT_QUOTA_SCHEMA } from './schema.ts';

const each = (schema: Contract['answers'][number] & object) =>
  exactly(Object.fromEntries(QUOTA_RESOURCES.map((name) => [name, schema])));

/** Null: not set, so that the service's own number holds. */
const PROJECT_QUOTAS = { title: 'ProjectQuotas', ...each(nullable(NUMBER)) } as const;

export const SHOW_QUOTAS: Contract = {
  summary: "How many of each kind the caller's project may have; negative: any number",
  answers: { 200: exactly({ quotas: each(NUMBER) }) },
};
export const LIST_PROJECT_QUOTAS: Contract = {
  summary: 'The projects that have quotas of their own',
  query: PAGE_QUERY,
  answers: { 200: page('project_quotas', exactly({ project_id: TEXT, project_quotas: PROJECT_QUOTAS })) },
};
export const SHOW_PROJECT_QUOTAS: Contract = {
  summary: "A project's own quotas",
  answers: { 200: exactly({ project_quotas: PROJECT_QUOTAS }) },
};
export const SET_PROJECT_QUOTAS: Contract = {
  summary: 'Set quotas of a project; those that are not named stay as they are',
  body: { title: 'NewProjectQuotas', ...PROJECT_QUOTA_SCHEMA },
  answers: { 204: null },
};
export const DELETE_PROJECT_QUOTAS: Contract = {
  summary: "Back to the service's own quotas",
  answers: { 204: null },
};
