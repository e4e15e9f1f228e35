import { randomUUID } from 'node:crypto';
import { Forbidden, NotFound } from '../../errors.ts';
import { isCanonicalUuid4 } from '../../model/ids.ts';
import type { ConsumerTarget } from '../../model/target.ts';
import { withinQuota } from '../../operations/quotas/within-quota.ts';
import type { ContainerConsumer, RegisteredConsumer } from '../../repositories/container-consumers.ts';
import type { LoadedContainer } from '../../repositories/container-targets.ts';
import { presentTime } from '../iso-time.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck } from '../json-schema.ts';
import { pageLinks, pageOf, type Page } from '../paging.ts';
import type { Call, Lookup, RawInput, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { presentChanged } from './contents.ts';
import { findContainer } from './find-container.ts';
import { containerRef } from './present.ts';

export const CONSUMER_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 36 },
    URL: { type: 'string', minLength: 1, maxLength: 255 },
  },
  required: ['name', 'URL'],
} as const;

const SCHEMA = 'Consumer';
const check = schemaCheck(SCHEMA, CONSUMER_SCHEMA);

export const CONSUMER_MISSING = 'Consumer not found.';

export function parseConsumer(raw: RawInput): ContainerConsumer {
  const body = parseJsonBody(raw.contentType, raw.body) as { readonly name: string; readonly URL: string };
  check(body);
  requireStorable(SCHEMA, 'name', body.name);
  requireStorable(SCHEMA, 'URL', body.URL);
  return { name: body.name, url: body.URL };
}

export interface LoadedConsumer extends LoadedContainer {
  readonly consumer: RegisteredConsumer;
}

/** Inside the container the path names, and in no other. */
export async function findConsumer(services: Services, lookup: Lookup): Promise<LoadedConsumer> {
  const found = await findContainer(services, lookup);
  const id = lookup.params['consumer'] ?? '';
  if (!isCanonicalUuid4(id)) throw new NotFound('Not Found. Provided consumer id is invalid.');
  const consumer = await services.containerConsumers.findById(found.target.container.id, id);
  if (consumer === undefined) throw new NotFound(CONSUMER_MISSING);
  return { ...found, consumer };
}

export function consumerTarget({ target, consumer }: LoadedConsumer): ConsumerTarget {
  const identity = { service: null, resourceType: null, projectId: consumer.projectId };
  return { type: 'consumer', id: consumer.id, parent: target, consumer: identity };
}

export interface ListConsumers {
  readonly page: Page;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export const parseListConsumers = ({ query, limits }: RawInput): ListConsumers => ({
  page: pageOf(query, limits),
  sent: query,
});

export async function getConsumers(
  services: Services,
  { found, input, base }: Call<LoadedContainer, ListConsumers>,
): Promise<Reply> {
  const { id } = found.target.container;
  const { consumers, total } = await services.containerConsumers.list(id, input.page);
  const url = `${containerRef(base, id)}/consumers`;
  const links = pageLinks(url, input.sent, input.page, consumers.length, total);
  return { status: 200, body: { consumers: consumers.map(presentConsumer), ...links, total } };
}

export function getConsumer(_services: Services, call: Call<LoadedConsumer, unknown>): Promise<Reply> {
  return Promise.resolve({ status: 200, body: presentConsumer(call.found.consumer) });
}

/** No other key, ever: clients refuse unknown ones. */
function presentConsumer(consumer: RegisteredConsumer): Readonly<Record<string, string>> {
  return {
    created: presentTime(consumer.createdAt),
    updated: presentTime(consumer.updatedAt),
    status: 'ACTIVE',
    name: consumer.name,
    URL: consumer.url,
  };
}

export async function postConsumer(
  services: Services,
  { found, input, projectId, base, now }: Call<LoadedContainer, ContainerConsumer>,
): Promise<Reply> {
  const { id } = found.target.container;
  const place = { id: randomUUID(), projectId, kind: 'container_consumers' } as const;
  await withinQuota(services, place, () =>
    services.containerConsumers.register(id, projectId, input, now, place.id),
  );
  const headers = { Location: `${containerRef(base, id)}/consumers` };
  return { status: 200, headers, body: await presentChanged(services, id, base) };
}

export async function removeConsumer(
  services: Services,
  { found, input, projectId, base }: Call<LoadedContainer, ContainerConsumer>,
): Promise<Reply> {
  const { container } = found.target;
  const consumer = await services.containerConsumers.find(container.id, input);
  if (consumer === undefined) throw new NotFound(CONSUMER_MISSING);
  // Whoever may read a container may register; only the two projects concerned may undo it.
  if (projectId !== consumer.projectId && projectId !== container.projectId)
    throw new Forbidden('Not Allowed. Sorry, only the creator of a consumer can delete it.');
  await services.containerConsumers.remove(container.id, consumer.id);
  return { status: 200, body: await presentChanged(services, container.id, base) };
}
