import type { Knex } from 'knex';
import type { Secret } from '../model/secret.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';
import {
  applyFilter,
  booleanCondition,
  columnCondition,
  constantCondition,
  countRows,
  membershipCondition,
  soleProject,
  type FilterFields,
} from './filter-sql.ts';
import { countVisible, VISIBLE_COUNT_POSTGRES } from './secret-counts.ts';
import { toSecret, VISIBLE, type SecretRow } from './secret-rows.ts';
import { queryPostgres } from './statement.ts';

export type DateField = 'created' | 'updated' | 'expiration';
export type SortField = DateField | 'algorithm' | 'bit_length' | 'mode' | 'name' | 'secret_type' | 'status';

/** What a caller asks of a list; the policy's own condition comes beside it. */
export interface SecretQuery {
  readonly equals: Readonly<
    Partial<Record<'name' | 'algorithm' | 'mode' | 'bit_length' | 'secret_type', string | number>>
  >;
  readonly dates: readonly {
    readonly field: DateField;
    readonly operator: '=' | '>' | '>=' | '<' | '<=';
    readonly time: Timestamp;
  }[];
  readonly sort: readonly { readonly field: SortField; readonly direction: 'asc' | 'desc' }[];
  readonly limit: number;
  readonly offset: number;
}

export interface SecretPage {
  readonly secrets: readonly Secret[];
  /** Of all rows that match, not only this page. */
  readonly total: number;
}

export interface SecretListRepository {
  /** `filter` is the policy's condition; across projects, because the condition says which. Expired rows never show. */
  listAnyProject(filter: unknown, query: SecretQuery, now: Timestamp): Promise<SecretPage>;
}

const COLUMNS: Readonly<Record<SortField, string>> = {
  created: 'secrets.created_at',
  updated: 'secrets.updated_at',
  expiration: 'secrets.expires_at',
  algorithm: 'secrets.algorithm',
  bit_length: 'secrets.bit_length',
  mode: 'secrets.mode',
  name: 'secrets.name',
  secret_type: 'secrets.secret_type',
  // The API shows every secret as ACTIVE: sorting by it keeps the order of creation.
  status: 'secrets.created_at',
};

/** A secret without an ACL is open to its project. */
const OPEN_TO_PROJECT = `not exists (select 1 from secret_acls a where a.secret_id = secrets.id and not a.project_access)`;

const FIELDS: FilterFields = {
  project_id: columnCondition('secrets.project_id'),
  creator_id: columnCondition('secrets.creator_id'),
  store: columnCondition('secrets.store'),
  name: columnCondition('secrets.name'),
  secret_type: columnCondition('secrets.secret_type'),
  type: columnCondition('secrets.secret_type'),
  algorithm: columnCondition('secrets.algorithm'),
  bit_length: columnCondition('secrets.bit_length'),
  mode: columnCondition('secrets.mode'),
  created_at: columnCondition('secrets.created_at'),
  expires_at: columnCondition('secrets.expires_at'),
  // Whatever a list shows is ACTIVE to everyone outside.
  status: constantCondition('ACTIVE'),
  'acl.read.project_access': booleanCondition(OPEN_TO_PROJECT),
  'acl.read.users': membershipCondition(
    'secrets.id in (select u.secret_id from secret_acl_users u where u.user_id = ?)',
  ),
};

export function createSecretListRepository(db: Database): SecretListRepository {
  return guarded<SecretListRepository>({
    listAnyProject: async (filter, query, now) => {
      const project = isUnfiltered(query) ? soleProject(filter) : undefined;
      if (db.dialect === 'pg' && project !== undefined && query.sort.length === 0)
        return plainPage(db, project, query, now);
      const matching = (): Knex.QueryBuilder => matchingRows(db, filter, query, now);
      const [rows, total] = await Promise.all([
        page(matching(), query),
        project === undefined ? countRows(matching()) : countVisible(db, project, now),
      ]);
      return { secrets: rows.map(toSecret), total };
    },
  });
}

/** The list that services and dashboards ask for all day: page and total in one round trip, and one column each. */
const PLAIN_PAGE = {
  name: 'list-secrets',
  pg: `select ${VISIBLE_COUNT_POSTGRES} as total, coalesce((select json_agg(page) from (
         select * from secrets
         where project_id = $1 and ${VISIBLE} and (expires_at is null or expires_at > $2)
         order by created_at, id limit $3 offset $4
       ) page), '[]') as rows`,
};

async function plainPage(
  db: Database,
  project: string,
  { limit, offset }: SecretQuery,
  now: Timestamp,
): Promise<SecretPage> {
  const values = [project, now, limit, offset];
  const [page] = await queryPostgres<{ total: string; rows: SecretRow[] }>(db, PLAIN_PAGE, values);
  if (page === undefined) throw new Error('an aggregate without a row');
  return { secrets: page.rows.map(toSecret), total: Number(page.total) };
}

function matchingRows(db: Database, filter: unknown, query: SecretQuery, now: Timestamp): Knex.QueryBuilder {
  const rows: Knex.QueryBuilder = db.knex('secrets').whereRaw(VISIBLE);
  rows.where((group) => group.whereNull('secrets.expires_at').orWhere('secrets.expires_at', '>', now));
  applyFilter(rows, filter, FIELDS);
  for (const [column, value] of Object.entries(query.equals)) rows.where(`secrets.${column}`, value);
  for (const { field, operator, time } of query.dates) rows.where(COLUMNS[field], operator, time);
  return rows;
}

function page(rows: Knex.QueryBuilder, query: SecretQuery): Promise<SecretRow[]> {
  for (const { field, direction } of query.sort) {
    rows.orderByRaw(`?? ${direction}${NULLABLE.has(field) ? NULLS[direction] : ''}`, [COLUMNS[field]]);
  }
  // The last two make every order total: a page never repeats or skips a row that another page showed.
  rows.orderBy('secrets.created_at').orderBy('secrets.id');
  return rows.select('secrets.*').limit(query.limit).offset(query.offset) as unknown as Promise<SecretRow[]>;
}

/**
 * Nulls first when ascending, as the original on its usual databases. Said only where there are any: it costs an index.
 * In SQL, because knex on SQLite orders by "is null" and nothing else when it is told about nulls.
 */
const NULLABLE: ReadonlySet<SortField> = new Set(['expiration', 'algorithm', 'bit_length', 'mode', 'name']);
const NULLS = { asc: ' nulls first', desc: ' nulls last' } as const;

const isUnfiltered = ({ equals, dates }: SecretQuery): boolean =>
  dates.length === 0 && Object.keys(equals).length === 0;
