import { NotFound } from '../../errors.ts';
import { isCanonicalUuid4 } from '../../model/ids.ts';
import type { ConsumerTarget } from '../../model/target.ts';
import type { SecretConsumerRecord } from '../../repositories/secret-consumers.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import type { Lookup } from '../route.ts';
import { findSecret } from '../secrets/find-secret.ts';
import type { Services } from '../services.ts';

export const CONSUMER_MISSING = 'Consumer not found.';

export interface FoundConsumer {
  readonly secret: LoadedSecret;
  readonly consumer: SecretConsumerRecord;
}

/** Inside the secret of the path only: one of another secret is none. */
export async function findSecretConsumer(services: Services, lookup: Lookup): Promise<FoundConsumer> {
  const secret = await findSecret(services, lookup);
  const id = lookup.params['consumer'] ?? '';
  if (!isCanonicalUuid4(id)) throw new NotFound('Not Found. Provided consumer id is invalid.');
  const consumer = await services.secretConsumers.findById(secret.target.secret.id, id);
  if (consumer === undefined) throw new NotFound(CONSUMER_MISSING);
  return { secret, consumer };
}

export function consumerTarget({ secret, consumer }: FoundConsumer): ConsumerTarget {
  const { id, service, resourceType, projectId } = consumer;
  return { type: 'consumer', id, parent: secret.target, consumer: { service, resourceType, projectId } };
}
