import { exactly, REF, TEXT, type Contract } from '../contract.ts';
import { METADATA_SCHEMA, METADATUM_SCHEMA } from './schema.ts';

const METADATA = exactly({ metadata: { type: 'object', additionalProperties: TEXT } });
const METADATUM = { title: 'Metadatum', ...exactly({ key: TEXT, value: TEXT }) } as const;
const NEW_METADATUM = { title: 'NewMetadatum', ...METADATUM_SCHEMA } as const;

export const SHOW_METADATA: Contract = {
  summary: 'All user metadata of a secret',
  answers: { 200: METADATA },
};
export const REPLACE_METADATA: Contract = {
  summary: 'Replace all user metadata of a secret',
  body: METADATA_SCHEMA,
  answers: { 201: exactly({ metadata_ref: REF }) },
};
export const ADD_METADATUM: Contract = {
  summary: 'Add a key that the secret does not have yet',
  body: NEW_METADATUM,
  answers: { 201: METADATUM },
};
export const SHOW_METADATUM: Contract = { summary: 'One key and its value', answers: { 200: METADATUM } };
export const CHANGE_METADATUM: Contract = {
  summary: 'Change the value of a key',
  body: NEW_METADATUM,
  answers: { 200: METADATUM },
};
export const DELETE_METADATUM: Contract = { summary: 'Remove a key', answers: { 204: null } };
