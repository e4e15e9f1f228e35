import type { Container, Member } from '../../model/container.ts';
import type { ContainerConsumer } from '../../repositories/container-consumers.ts';
import { presentTime } from '../iso-time.ts';
import { secretRef } from '../secrets/present.ts';

export const containerRef = (base: string, id: string): string => `${base}/v1/containers/${id}`;

/** What a container shows beside its own row. */
export interface Contents {
  readonly members: readonly Member[];
  readonly consumers: readonly ContainerConsumer[];
}

/** All keys always, and no other: clients refuse unknown ones. */
export function presentContainer(
  container: Container,
  { members, consumers }: Contents,
  base: string,
): Readonly<Record<string, unknown>> {
  return {
    created: presentTime(container.createdAt),
    updated: presentTime(container.updatedAt),
    status: 'ACTIVE',
    name: container.name,
    type: container.type,
    creator_id: container.creatorId,
    secret_refs: members.map(({ name, secretId }) => ({ name, secret_ref: secretRef(base, secretId) })),
    consumers: consumers.map(({ name, url }) => ({ name, URL: url })),
    container_ref: containerRef(base, container.id),
  };
}
