import { BadRequest } from '../../errors.ts';
import { parseJsonBody, requireContentType } from '../json-body.ts';
import { schemaCheck } from '../json-schema.ts';
import { requireStorableProject } from '../project-of-path.ts';
import type { RawInput } from '../route.ts';

/** A refusal repeats the name: longer than any store's there is nothing to learn from it. */
const MAX_NAME_CHARACTERS = 255;

export const PROJECT_STORE_SCHEMA = {
  type: 'object',
  properties: {
    project_store: {
      type: 'object',
      properties: { store: { type: 'string', minLength: 1, maxLength: MAX_NAME_CHARACTERS } },
      required: ['store'],
      additionalProperties: false,
    },
  },
  required: ['project_store'],
  additionalProperties: false,
} as const;

const check = schemaCheck('Project Store', PROJECT_STORE_SCHEMA);

/** The body of a PUT: the name of a store, whether there is such a one or not. */
export function parseProjectStore(raw: RawInput): string {
  requireContentType(raw.contentType, ['application/json']);
  if (raw.body.bytes.length === 0 && !raw.body.tooLarge) {
    throw new BadRequest('No data supplied to process.', { family: 'issue' });
  }
  const body = parseJsonBody(raw.contentType, raw.body) as {
    readonly project_store: { readonly store: string };
  };
  check(body);
  requireStorableProject(raw);
  return body.project_store.store;
}
