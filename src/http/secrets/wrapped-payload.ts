import { BadRequest } from '../../errors.ts';
import { isCanonicalUuid4 } from '../../model/ids.ts';
import type { Services } from '../services.ts';

/**
 * No store here unwraps what a client wrapped for transport: kept as it came, the payload would be handed out as the
 * secret that it is not.
 */
export async function refuseWrapped(
  { transportKeys }: Pick<Services, 'transportKeys'>,
  transportKeyId: string | undefined,
): Promise<void> {
  if (transportKeyId === undefined) return;
  const known = isCanonicalUuid4(transportKeyId) && (await transportKeys.find(transportKeyId)) !== undefined;
  const why = known ? 'Secret store supported plugin not found.' : 'Provided transport key was not found.';
  throw new BadRequest(why, { family: 'issue' });
}
