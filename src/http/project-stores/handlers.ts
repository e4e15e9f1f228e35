import { BadRequest, NotFound } from '../../errors.ts';
import type { ProjectId } from '../../model/ids.ts';
import { pageLinks, pageOf, type Page } from '../paging.ts';
import type { Call, RawInput, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { presentProjectStore } from './present.ts';

/** Only ever seen by whoever may choose the stores of all projects. */
export const PROJECT_STORE_MISSING = 'Project store not found.';

export interface ListProjectStores {
  readonly page: Page;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export function parseListProjectStores({ query, limits }: RawInput): ListProjectStores {
  return { sent: query, page: pageOf(query, limits) };
}

export async function getProjectStores(
  services: Services,
  { input: { page, sent }, base }: Call<unknown, ListProjectStores>,
): Promise<Reply> {
  const { projects, total } = await services.projectStores.pageAnyProject(page);
  const counts = await services.storeCounts.countIn(projects.map(({ projectId }) => projectId));
  const items = projects.map((one) => presentProjectStore(services, one, counts, base));
  // As of quotas: a page past the end still leads back.
  const links = pageLinks(`${base}/v1/project-stores`, sent, page, Math.max(1, items.length), total);
  return { status: 200, body: { project_stores: items, ...links, total } };
}

export async function getProjectStore(
  services: Services,
  { found, base }: Call<ProjectId, unknown>,
): Promise<Reply> {
  const assigned = await services.projectStores.findAssigned(found);
  if (assigned === undefined) throw new NotFound(PROJECT_STORE_MISSING);
  const counts = await services.storeCounts.countIn([found]);
  return { status: 200, body: { project_store: presentProjectStore(services, assigned, counts, base) } };
}

export async function putProjectStore(
  services: Services,
  { found, input: store, now }: Call<ProjectId, string>,
): Promise<Reply> {
  const names = services.stores.all.map(({ name }) => name);
  if (!names.includes(store)) {
    throw new BadRequest(`No store named '${store}' is configured. Configured: ${names.join(', ')}.`);
  }
  await services.projectStores.assign(found, store, now);
  return { status: 204, store };
}

export async function removeProjectStore(
  services: Services,
  { found }: Call<ProjectId, unknown>,
): Promise<Reply> {
  if (!(await services.projectStores.unassign(found))) throw new NotFound(PROJECT_STORE_MISSING);
  return { status: 204 };
}
