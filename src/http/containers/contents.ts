import { NotFound } from '../../errors.ts';
import type { Container } from '../../model/container.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { Services } from '../services.ts';
import { CONTAINER_MISSING } from './find-container.ts';
import { presentContainer } from './present.ts';

/** One query for the members and one for the consumers of them all. */
export async function presentContainers(
  { containerMembers, containerConsumers }: Services,
  containers: readonly Container[],
  base: string,
): Promise<readonly unknown[]> {
  const ids = containers.map((container) => container.id);
  const [members, consumers] = await Promise.all([
    containerMembers.listOf(ids),
    containerConsumers.listOf(ids),
  ]);
  return containers.map((container) => {
    const contents = {
      members: members.get(container.id) ?? [],
      consumers: consumers.get(container.id) ?? [],
    };
    return presentContainer(container, contents, base);
  });
}

/** As it is after a change of what hangs on it. */
export async function presentChanged(services: Services, id: ContainerId, base: string): Promise<unknown> {
  const container = await services.containers.findAnyProject(id);
  if (container === undefined) throw new NotFound(CONTAINER_MISSING);
  const [body] = await presentContainers(services, [container], base);
  return body;
}
