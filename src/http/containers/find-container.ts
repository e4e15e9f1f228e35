import { NotFound } from '../../errors.ts';
import { containerId, isCanonicalUuid4 } from '../../model/ids.ts';
import type { LoadedContainer } from '../../repositories/container-targets.ts';
import type { Lookup } from '../route.ts';
import type { Services } from '../services.ts';

export const CONTAINER_MISSING = 'Secrets container not found.';

/** The container a path addresses, in whatever project: the policy decides whose it may be. */
export async function findContainer(services: Services, lookup: Lookup): Promise<LoadedContainer> {
  const id = lookup.params['id'] ?? '';
  if (!isCanonicalUuid4(id)) throw new NotFound('Not Found. Provided container id is invalid.');
  const viewer = { userId: lookup.identity.principal.user.id, projectId: lookup.projectId, now: lookup.now };
  const found = await services.containerTargets.findAnyProject(containerId(id), viewer);
  if (found === undefined) throw new NotFound(CONTAINER_MISSING);
  return found;
}
