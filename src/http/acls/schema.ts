import type { Acl } from '../../repositories/acls.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck } from '../json-schema.ts';
import type { RawInput } from '../route.ts';

/** `read` is the only operation there is; unlike elsewhere, properties not named here are refused. */
export const ACL_SCHEMA = {
  type: 'object',
  properties: {
    read: {
      type: 'object',
      properties: {
        users: { type: 'array', items: { type: 'string', maxLength: 255 } },
        'project-access': { type: 'boolean' },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
} as const;

const SCHEMA = 'ACL';
const check = schemaCheck(SCHEMA, ACL_SCHEMA);

interface AclBody {
  readonly read?: { readonly users?: readonly string[]; readonly 'project-access'?: boolean };
}

/** What a body names; undefined if it names nothing. */
export type AclChange = Partial<Acl> | undefined;

export function parseAcl(raw: RawInput): AclChange {
  const body = parseJsonBody(raw.contentType, raw.body) as AclBody;
  check(body);
  const { users, 'project-access': projectAccess } = body.read ?? {};
  for (const user of users ?? []) requireStorable(SCHEMA, 'read', user);
  if (users === undefined && projectAccess === undefined) return undefined;
  return {
    ...(users === undefined ? {} : { users }),
    ...(projectAccess === undefined ? {} : { projectAccess }),
  };
}
