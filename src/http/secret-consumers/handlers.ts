import { randomUUID } from 'node:crypto';
import { Forbidden, NotFound } from '../../errors.ts';
import type { Secret } from '../../model/secret.ts';
import { withinQuota } from '../../operations/quotas/within-quota.ts';
import type { SecretConsumer, SecretConsumerRecord } from '../../repositories/secret-consumers.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { presentTime } from '../iso-time.ts';
import { pageLinks } from '../paging.ts';
import type { Call, Reply } from '../route.ts';
import { SECRET_MISSING } from '../secrets/find-secret.ts';
import { presentSecret, secretRef } from '../secrets/present.ts';
import type { Services } from '../services.ts';
import { CONSUMER_MISSING, type FoundConsumer } from './find-consumer.ts';
import type { ListConsumers } from './schema.ts';

export async function getConsumers(
  services: Services,
  { found, input, base }: Call<LoadedSecret, ListConsumers>,
): Promise<Reply> {
  const { id } = found.target.secret;
  const { consumers, total } = await services.secretConsumers.list(id, input.page);
  const links = pageLinks(consumersRef(base, id), input.sent, input.page, consumers.length, total);
  return { status: 200, body: { consumers: consumers.map(presentConsumer), ...links, total } };
}

/** Clients insist on 200, and read the secret from the answer. */
export async function postConsumer(
  services: Services,
  { found, input, projectId, base, now }: Call<LoadedSecret, SecretConsumer>,
): Promise<Reply> {
  const { secret } = found.target;
  const place = { id: randomUUID(), projectId, kind: 'secret_consumers' } as const;
  const registration = await withinQuota(services, place, () =>
    services.secretConsumers.register(secret.id, projectId, input, now, place.id),
  );
  if (registration === 'gone') throw new NotFound(SECRET_MISSING);
  const updated = registration === 'registered' ? { ...secret, updatedAt: now } : secret;
  const reply = await withConsumers(services, updated, base);
  return { ...reply, headers: { Location: consumersRef(base, secret.id) } };
}

export async function removeConsumer(
  services: Services,
  { found, input, projectId, base }: Call<LoadedSecret, SecretConsumer>,
): Promise<Reply> {
  const { secret } = found.target;
  const consumer = await services.secretConsumers.find(secret.id, input);
  if (consumer === undefined) throw new NotFound(CONSUMER_MISSING);
  if (projectId !== consumer.projectId && projectId !== secret.projectId) {
    // A project never seen before cannot have registered anything: to it there is no consumer.
    const known = await services.secretConsumers.knowsProject(secret.id, projectId);
    if (!known) throw new NotFound(CONSUMER_MISSING);
    throw new Forbidden('Not Allowed. Sorry, only the creator of a consumer can delete it.');
  }
  if (!(await services.secretConsumers.remove(consumer))) throw new NotFound(CONSUMER_MISSING);
  return withConsumers(services, secret, base);
}

export function getConsumer(_services: Services, { found }: Call<FoundConsumer, unknown>): Promise<Reply> {
  return Promise.resolve({ status: 200, body: presentConsumer(found.consumer) });
}

const consumersRef = (base: string, id: string): string => `${secretRef(base, id)}/consumers`;

/** The whole secret with its consumers, whatever the microversion: who names consumers knows of them. */
async function withConsumers(services: Services, secret: Secret, base: string): Promise<Reply> {
  const consumers = (await services.secretConsumers.listOf([secret.id])).get(secret.id) ?? [];
  return { status: 200, body: presentSecret(secret, base, consumers) };
}

/** Exactly these keys: clients refuse unknown ones. */
function presentConsumer(consumer: SecretConsumerRecord): Readonly<Record<string, string>> {
  return {
    created: presentTime(consumer.createdAt),
    updated: presentTime(consumer.updatedAt),
    status: 'ACTIVE',
    service: consumer.service,
    resource_type: consumer.resourceType,
    resource_id: consumer.resourceId,
  };
}
