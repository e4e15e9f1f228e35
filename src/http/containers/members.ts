import { BadRequest, Conflict, NotFound } from '../../errors.ts';
import type { Member } from '../../model/container.ts';
import { isCanonicalUuid4, secretId } from '../../model/ids.ts';
import type { LoadedContainer } from '../../repositories/container-targets.ts';
import { parseJsonBody, requireContentType } from '../json-body.ts';
import { requireStorable, schemaCheck } from '../json-schema.ts';
import type { Call, RawInput, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { containerRef } from './present.ts';
import { idInRef } from './refs.ts';
import type { MemberRef } from './schema.ts';

export const MEMBER_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 255 },
    secret_ref: { type: 'string', minLength: 1 },
  },
  required: ['secret_ref'],
} as const;

const SCHEMA = 'ContainerSecret';
const check = schemaCheck(SCHEMA, MEMBER_SCHEMA);

/** Read only once it is known that the container may be changed at all: that refusal comes before the body's. */
export interface MemberBody {
  read(): MemberRef;
}

export function parseNewMember(raw: RawInput): MemberBody {
  requireContentType(raw.contentType, ['application/json']);
  return { read: () => parseMember(raw) };
}

export function parseMember(raw: RawInput): MemberRef {
  const body = parseJsonBody(raw.contentType, raw.body) as MemberRef;
  check(body);
  requireStorable(SCHEMA, 'name', body.name);
  return body;
}

export async function postMember(
  services: Services,
  { found, input, projectId, base, now }: Call<LoadedContainer, MemberBody>,
): Promise<Reply> {
  const { container } = found.target;
  if (container.type !== 'generic') throw new BadRequest("Only 'generic' containers can be modified.");
  const member = memberOf(input.read());
  const usable = await services.containerMembers.findUsable(projectId, [member.secretId], now);
  const unknown = new NotFound("Secret provided doesn't exist.");
  if (!usable.has(member.secretId)) throw unknown;
  const addition = await services.containerMembers.add(container.id, member, now);
  if (addition === 'gone') throw unknown;
  if (addition === 'present') throw new Conflict(PRESENT);
  const ref = containerRef(base, container.id);
  return { status: 201, headers: { Location: ref }, body: { container_ref: ref } };
}

const PRESENT =
  'Conflict. A secret with that name and ID is already stored in this container. ' +
  'The same secret can exist in a container as long as the name is unique.';

/** From a container of any type. A member that has expired can be taken out although it can no longer be put in. */
export async function removeMember(
  services: Services,
  { found, input, projectId, now }: Call<LoadedContainer, MemberRef>,
): Promise<Reply> {
  const member = memberOf(input);
  const removed =
    isCanonicalUuid4(member.secretId) &&
    (await services.containerMembers.remove(found.target.container.id, member));
  if (removed) return { status: 204 };
  const usable = await services.containerMembers.findUsable(projectId, [member.secretId], now);
  if (usable.has(member.secretId)) throw new NotFound('Secret provided is not in the container');
  const name = member.name ?? 'None';
  throw new NotFound(`Secret '${name}' with reference '${input.secret_ref}' doesn't exist.`);
}

/** Whatever stands before the id: clients build references from the catalogue, which may name another host. */
function memberOf({ name, secret_ref: ref }: MemberRef): Member {
  return { name: name ?? null, secretId: secretId(idInRef(ref)) };
}
