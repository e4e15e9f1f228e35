import type { SecretHeader } from '../model/secret.ts';
import { placeSecret, type Placement } from '../stores/placement.ts';
import type { Call } from './route.ts';
import type { Services } from './services.ts';

/** The store a new payload goes to, and who chose it: the policy's word, else the project's assignment, else the default. */
export async function placeFor(
  services: Services,
  { decision }: Pick<Call<unknown, unknown>, 'decision'>,
  secret: SecretHeader,
  payloadSize: number,
): Promise<Placement> {
  // A rule of the site's may let somebody of another project give the payload: it is still this project's.
  const assigned = await services.projectStores.find(secret.projectId);
  return placeSecret({
    registry: services.stores,
    requested: decision.obligations.store,
    assigned,
    secret,
    payloadSize,
  });
}
