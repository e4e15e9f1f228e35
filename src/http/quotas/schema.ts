import { BadRequest } from '../../errors.ts';
import type { ProjectQuotas } from '../../model/quota.ts';
import { QUOTA_RESOURCES } from '../../model/target.ts';
import { parseJsonBody, requireContentType } from '../json-body.ts';
import { schemaCheck } from '../json-schema.ts';
import type { RawInput } from '../route.ts';
import { requireStorableProject } from '../project-of-path.ts';

/** Beyond these JSON's numbers are no longer the ones that were sent. */
const number = {
  type: 'integer',
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
} as const;

export const PROJECT_QUOTA_SCHEMA = {
  type: 'object',
  properties: {
    project_quotas: {
      type: 'object',
      properties: Object.fromEntries(QUOTA_RESOURCES.map((name) => [name, number])),
      additionalProperties: false,
    },
  },
  required: ['project_quotas'],
  additionalProperties: false,
} as const;

const check = schemaCheck('Project Quota', PROJECT_QUOTA_SCHEMA);

export type QuotaChange = Partial<Record<keyof ProjectQuotas, number>>;

/** The body of a PUT: the numbers to set. */
export function parseQuotaChange(raw: RawInput): QuotaChange {
  requireContentType(raw.contentType, ['application/json']);
  if (raw.body.bytes.length === 0 && !raw.body.tooLarge) {
    throw new BadRequest('No data supplied to process.', { family: 'issue' });
  }
  const body = parseJsonBody(raw.contentType, raw.body) as { readonly project_quotas: QuotaChange };
  check(body);
  requireStorableProject(raw);
  return body.project_quotas;
}
