import { exactly, REF, TEXT, TIME, type Contract } from '../contract.ts';
import { ACL_SCHEMA } from './schema.ts';

const ACL = {
  title: 'AccessControlList',
  ...exactly({
    read: exactly(
      { 'project-access': { type: 'boolean' } },
      { users: { type: 'array', items: TEXT }, created: TIME, updated: TIME },
    ),
  }),
} as const;
const CHANGED = exactly({ acl_ref: REF });
const body = { title: 'NewAccessControlList', ...ACL_SCHEMA } as const;

export const SHOW_ACL: Contract = {
  summary: 'Who may read the object beside those whose role allows it',
  answers: { 200: ACL },
};
export const REPLACE_ACL: Contract = {
  summary: 'Replace the access control list',
  body,
  answers: { 200: CHANGED },
};
export const MERGE_ACL: Contract = {
  summary: 'Change what is named of the access control list',
  body,
  answers: { 200: CHANGED },
};
export const DELETE_ACL: Contract = {
  summary: 'Back to what holds without an access control list',
  answers: { 200: { type: 'null' } },
};
