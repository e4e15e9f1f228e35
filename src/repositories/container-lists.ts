import type { Knex } from 'knex';
import type { Container } from '../model/container.ts';
import { toContainer, type ContainerRow } from './container-rows.ts';
import { CONTAINERS, countOf } from './project-counts.ts';
import { guarded, type Database } from './database.ts';
import {
  applyFilter,
  booleanCondition,
  columnCondition,
  countRows,
  membershipCondition,
  soleProject,
  type FilterFields,
} from './filter-sql.ts';

/** What a caller asks of a list; the policy's own condition comes beside it. */
export interface ContainerQuery {
  readonly equals: Readonly<Partial<Record<'name' | 'type', string>>>;
  readonly limit: number;
  readonly offset: number;
}

export interface ContainerPage {
  readonly containers: readonly Container[];
  /** Of all rows that match, not only this page. */
  readonly total: number;
}

export interface ContainerListRepository {
  /** `filter` is the policy's condition; across projects, because the condition says which. The oldest first. */
  listAnyProject(filter: unknown, query: ContainerQuery): Promise<ContainerPage>;
}

/** A container without an ACL is open to its project. */
const OPEN_TO_PROJECT = `not exists (select 1 from container_acls a where a.container_id = containers.id and not a.project_access)`;

const FIELDS: FilterFields = {
  project_id: columnCondition('containers.project_id'),
  creator_id: columnCondition('containers.creator_id'),
  name: columnCondition('containers.name'),
  type: columnCondition('containers.type'),
  created_at: columnCondition('containers.created_at'),
  'acl.read.project_access': booleanCondition(OPEN_TO_PROJECT),
  'acl.read.users': membershipCondition(
    'containers.id in (select u.container_id from container_acl_users u where u.user_id = ?)',
  ),
};

export function createContainerListRepository(db: Database): ContainerListRepository {
  return guarded<ContainerListRepository>({
    listAnyProject: async (filter, query) => {
      const project = Object.keys(query.equals).length === 0 ? soleProject(filter) : undefined;
      const [containers, total] = await Promise.all([
        page(matchingRows(db, filter, query), query),
        project === undefined ? countRows(matchingRows(db, filter, query)) : countOf(db, CONTAINERS, project),
      ]);
      return { containers, total };
    },
  });
}

function matchingRows(db: Database, filter: unknown, { equals }: ContainerQuery): Knex.QueryBuilder {
  const rows: Knex.QueryBuilder = db.knex('containers');
  applyFilter(rows, filter, FIELDS);
  for (const [column, value] of Object.entries(equals)) rows.where(`containers.${column}`, value);
  return rows;
}

async function page(rows: Knex.QueryBuilder, { limit, offset }: ContainerQuery): Promise<Container[]> {
  // The id makes the order total: a page never repeats or skips a row that another page showed.
  rows.orderBy('containers.created_at').orderBy('containers.id');
  const found = (await rows.select('containers.*').limit(limit).offset(offset)) as unknown as ContainerRow[];
  return found.map(toContainer);
}
