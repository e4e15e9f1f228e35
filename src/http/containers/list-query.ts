import { BadRequest } from '../../errors.ts';
import type { ContainerQuery } from '../../repositories/container-lists.ts';
import { pageOf } from '../paging.ts';
import type { RawInput } from '../route.ts';

export interface ListContainers {
  readonly query: ContainerQuery;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export function parseListContainers({ query: sent, limits }: RawInput): ListContainers {
  return { sent, query: { equals: equals(sent), ...pageOf(sent, limits) } };
}

/** Exact matches; an empty value is no filter. */
function equals(sent: Readonly<Record<string, string>>): ContainerQuery['equals'] {
  const filters = (['name', 'type'] as const).filter((name) => (sent[name] ?? '') !== '');
  // What PostgreSQL refuses to even look for.
  if (filters.some((name) => sent[name]?.includes('\0')))
    throw new BadRequest('URI provided invalid query string parameters.');
  return Object.fromEntries(filters.map((name) => [name, sent[name]]));
}
