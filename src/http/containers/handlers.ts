import { randomUUID } from 'node:crypto';
import { NotFound } from '../../errors.ts';
import type { Container, Member } from '../../model/container.ts';
import { containerId, secretId } from '../../model/ids.ts';
import { withinQuota } from '../../operations/quotas/within-quota.ts';
import type { LoadedContainer } from '../../repositories/container-targets.ts';
import { pageLinks } from '../paging.ts';
import type { Call, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { presentContainers } from './contents.ts';
import type { ListContainers } from './list-query.ts';
import { requireMemberRules } from './member-rules.ts';
import { containerRef } from './present.ts';
import { idInNewRef } from './refs.ts';
import type { NewContainer } from './schema.ts';

export async function postContainer(services: Services, call: Call<unknown, NewContainer>): Promise<Reply> {
  requireMemberRules(call.input, call.base);
  const container = draftContainer(call);
  const created = { id: container.id, projectId: container.projectId };
  await withinQuota(services, { ...created, kind: 'containers' }, async () =>
    services.containers.insert(container, await requireMembers(services, call)),
  );
  const ref = containerRef(call.base, container.id);
  return { status: 201, headers: { Location: ref }, body: { container_ref: ref }, created };
}

function draftContainer({ input, identity, projectId, now }: Call<unknown, NewContainer>): Container {
  return {
    id: containerId(randomUUID()),
    projectId,
    creatorId: identity.principal.user.id,
    name: input.name,
    type: input.type,
    createdAt: now,
    updatedAt: now,
  };
}

/** Only secrets of the caller's own project: what an access control list opens for reading is not thereby one's own. */
async function requireMembers(
  { containerMembers }: Services,
  { input, projectId, now }: Call<unknown, NewContainer>,
): Promise<readonly Member[]> {
  const ids = input.members.map((member) => idInNewRef(member.secret_ref));
  const usable = await containerMembers.findUsable(projectId, ids, now);
  return input.members.map(({ name }, index) => {
    const id = ids[index] ?? '';
    if (!usable.has(id)) throw new NotFound(`Secret provided for '${name ?? 'None'}' doesn't exist.`);
    return { name: name ?? null, secretId: secretId(id) };
  });
}

export async function getContainers(services: Services, call: Call<unknown, ListContainers>): Promise<Reply> {
  const { query, sent } = call.input;
  const { containers, total } = await services.containerLists.listAnyProject(call.decision.filter, query);
  const items = await presentContainers(services, containers, call.base);
  const links = pageLinks(`${call.base}/v1/containers`, sent, query, items.length, total);
  return { status: 200, body: { containers: items, ...links, total } };
}

export async function getContainer(services: Services, call: Call<LoadedContainer, unknown>): Promise<Reply> {
  const [body] = await presentContainers(services, [call.found.target.container], call.base);
  return { status: 200, body };
}

export async function removeContainer(
  services: Services,
  call: Call<LoadedContainer, unknown>,
): Promise<Reply> {
  await services.containers.remove(call.found.target.container);
  return { status: 204 };
}
