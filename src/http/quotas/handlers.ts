import { NotFound } from '../../errors.ts';
import type { ProjectId } from '../../model/ids.ts';
import { effectiveQuotas } from '../../operations/quotas/effective-quotas.ts';
import { pageLinks, pageOf, type Page } from '../paging.ts';
import type { Call, RawInput, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import type { QuotaChange } from './schema.ts';

/** Only ever seen by whoever may manage the quotas of all projects. */
export const QUOTAS_MISSING = 'Project quotas not found.';

export interface ListQuotas {
  readonly page: Page;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export function parseListQuotas({ query, limits }: RawInput): ListQuotas {
  return { sent: query, page: pageOf(query, limits) };
}

export async function getEffectiveQuotas(services: Services, call: Call<ProjectId, unknown>): Promise<Reply> {
  return { status: 200, body: { quotas: await effectiveQuotas(services, call.found) } };
}

export async function getAllProjectQuotas(
  services: Services,
  call: Call<unknown, ListQuotas>,
): Promise<Reply> {
  const { page, sent } = call.input;
  const { projects, total } = await services.quotas.listAnyProject(page);
  const items = projects.map(({ projectId, quotas }) => ({ project_id: projectId, project_quotas: quotas }));
  // Unlike in other lists, a page past the end still leads back.
  const links = pageLinks(`${call.base}/v1/project-quotas`, sent, page, Math.max(1, items.length), total);
  return { status: 200, body: { project_quotas: items, ...links, total } };
}

export async function getProjectQuotas(services: Services, call: Call<ProjectId, unknown>): Promise<Reply> {
  const quotas = await services.quotas.find(call.found);
  if (quotas === undefined) throw new NotFound(QUOTAS_MISSING);
  return { status: 200, body: { project_quotas: quotas } };
}

export async function putProjectQuotas(
  services: Services,
  call: Call<ProjectId, QuotaChange>,
): Promise<Reply> {
  await services.quotas.merge(call.found, call.input, call.now);
  return { status: 204 };
}

export async function removeProjectQuotas(
  services: Services,
  call: Call<ProjectId, unknown>,
): Promise<Reply> {
  if (!(await services.quotas.remove(call.found))) throw new NotFound(QUOTAS_MISSING);
  return { status: 204 };
}
