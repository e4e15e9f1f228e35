import { CONTAINER_TYPES, type ContainerType } from '../../model/container.ts';
import type { NewContainerTarget } from '../../model/target.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck } from '../json-schema.ts';
import type { RawInput } from '../route.ts';

/** The body of `POST /v1/containers`; properties not named here are ignored, as clients send some. */
export const NEW_CONTAINER_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: ['string', 'null'], maxLength: 255 },
    type: { enum: CONTAINER_TYPES.filter((type) => type !== 'dsa') },
    secret_refs: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: ['string', 'null'], maxLength: 255 },
          secret_ref: { type: 'string', minLength: 1 },
        },
        required: ['secret_ref'],
      },
    },
  },
  required: ['type'],
} as const;

export const SCHEMA = 'Container';
const check = schemaCheck(SCHEMA, NEW_CONTAINER_SCHEMA);

/** A secret a container is asked to hold. A name that is missing and one that is null are told apart by one rule. */
export interface MemberRef {
  readonly name?: string | null;
  readonly secret_ref: string;
}

interface NewContainerBody {
  readonly name?: string | null;
  readonly type: ContainerType;
  readonly secret_refs?: readonly MemberRef[];
}

export interface NewContainer {
  readonly name: string | null;
  readonly type: ContainerType;
  readonly members: readonly MemberRef[];
}

export function parseNewContainer(raw: RawInput): NewContainer {
  const body = parseJsonBody(raw.contentType, raw.body) as NewContainerBody;
  check(body);
  const members = body.secret_refs ?? [];
  requireStorable(SCHEMA, 'name', body.name);
  for (const { name } of members) requireStorable(SCHEMA, 'secret_refs', name);
  return { name: body.name ?? null, type: body.type, members };
}

/** What the policy sees of a container that does not exist yet: null if the body could not be read. */
export function newContainerTarget(input: NewContainer | undefined): NewContainerTarget {
  if (input === undefined) return { type: 'new-container', attributes: null };
  const { name, type, members } = input;
  return { type: 'new-container', attributes: { name, containerType: type, members: members.length } };
}
