import type { Knex } from 'knex';
import type { Container } from '../model/container.ts';
import { toContainer, type ContainerRow } from './container-rows.ts';
import { guarded, type Database } from './database.ts';
import {
  applyFilter,
  booleanCondition,
  columnCondition,
  membershipCondition,
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
      const project = wholeProject(filter, query);
      const [containers, total] = await Promise.all([
        page(matchingRows(db, filter, query), query),
        project === undefined ? countRows(matchingRows(db, filter, query)) : countProject(db, project),
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

async function countRows(rows: Knex.QueryBuilder): Promise<number> {
  const row = (await rows.count({ total: '*' }).first()) as { total: number | string } | undefined;
  return Number(row?.total ?? 0);
}

async function countProject(db: Database, project: string): Promise<number> {
  const [row] = (await db
    .knex('container_counts')
    .where({ project_id: project })
    .sum({ total: 'containers' })) as { total: number | string | null }[];
  return Number(row?.total ?? 0);
}

/** The project, if all its containers are asked for and no others: then their number is known without counting. */
function wholeProject(filter: unknown, { equals }: ContainerQuery): string | undefined {
  const { type, operator, field, value } = (filter ?? {}) as Record<string, unknown>;
  const whole = type === 'field' && operator === 'eq' && field === 'project_id' && typeof value === 'string';
  return whole && Object.keys(equals).length === 0 ? value : undefined;
}
