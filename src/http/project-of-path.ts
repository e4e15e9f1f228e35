import { BadRequest } from '../errors.ts';
import { projectId, type ProjectId } from '../model/ids.ts';
import type { Lookup, RawInput } from './route.ts';

/** Longer than any id a caller may have, so that quotas for it would be quotas of nobody. */
const MAX_ID_CHARACTERS = 255;

const isStorable = (id: string): boolean => id.length <= MAX_ID_CHARACTERS && !id.includes('\0');

/** Any text may be a project: whether there is one is Keystone's knowledge. */
export function requireStorableProject({ params }: Pick<RawInput, 'params'>): void {
  if (isStorable(params['project'] ?? '')) return;
  throw new BadRequest('', { detail: 'the id of the project cannot be stored' });
}

/** Quotas of no project are set for the empty id. */
const NO_PROJECT = projectId('');

/** For looking it up: PostgreSQL refuses to even look for some texts that cannot be stored. */
export function projectOfPath({ params }: Pick<Lookup, 'params'>): Promise<ProjectId> {
  const id = params['project'] ?? '';
  return Promise.resolve(isStorable(id) ? projectId(id) : NO_PROJECT);
}
