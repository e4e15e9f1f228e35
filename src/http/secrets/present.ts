import type { Secret } from '../../model/secret.ts';
import type { SecretConsumer } from '../../repositories/secret-consumers.ts';
import { presentTime } from '../iso-time.ts';

export const secretRef = (base: string, id: string): string => `${base}/v1/secrets/${id}`;

/** `consumers` undefined: the microversion does not show them. No other key, ever: clients refuse unknown ones. */
export function presentSecret(
  secret: Secret,
  base: string,
  consumers: readonly SecretConsumer[] | undefined,
): Readonly<Record<string, unknown>> {
  return {
    created: presentTime(secret.createdAt),
    updated: presentTime(secret.updatedAt),
    status: 'ACTIVE',
    name: secret.name,
    secret_type: secret.secretType,
    expiration: secret.expiresAt === null ? null : presentTime(secret.expiresAt),
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    creator_id: secret.creatorId,
    ...(consumers === undefined ? {} : { consumers: consumers.map(presentConsumer) }),
    // Present exactly when a payload is stored: clients decide by it whether there is one to fetch.
    ...(secret.contentType === null ? {} : { content_types: { default: secret.contentType } }),
    secret_ref: secretRef(base, secret.id),
  };
}

function presentConsumer(consumer: SecretConsumer): Readonly<Record<string, string>> {
  return {
    service: consumer.service,
    resource_type: consumer.resourceType,
    resource_id: consumer.resourceId,
  };
}
