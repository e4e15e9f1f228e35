import { NotFound } from '../../errors.ts';
import { isCanonicalUuid4, secretId } from '../../model/ids.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import type { Lookup } from '../route.ts';
import type { Services } from '../services.ts';

export const SECRET_MISSING = 'Secret not found.';

/** The secret a path addresses, in whatever project: the policy decides whose it may be. */
export async function findSecret(services: Services, lookup: Lookup): Promise<LoadedSecret> {
  const id = lookup.params['id'] ?? '';
  if (!isCanonicalUuid4(id)) throw new NotFound('Not Found. Provided secret id is invalid.');
  const viewer = { userId: lookup.identity.principal.user.id, projectId: lookup.projectId, now: lookup.now };
  const found = await services.secretTargets.findAnyProject(secretId(id), viewer, lookup.withPayload);
  if (found === undefined) throw new NotFound(SECRET_MISSING);
  return found;
}
