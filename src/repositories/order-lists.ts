import type { Knex } from 'knex';
import type { Order } from '../model/order.ts';
import { guarded, type Database } from './database.ts';
import { applyFilter, columnCondition, countRows, soleProject, type FilterFields } from './filter-sql.ts';
import { toOrder, type OrderRow } from './order-rows.ts';
import { countOf, ORDERS } from './project-counts.ts';

/** What a caller asks of a list; the policy's own condition comes beside it. */
export interface OrderQuery {
  /** Keeps orders whose `meta` has this text for a key or a value, as a whole. */
  readonly meta: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface OrderPage {
  readonly orders: readonly Order[];
  /** Of all rows that match, not only this page. */
  readonly total: number;
}

export interface OrderListRepository {
  /** `filter` is the policy's condition; across projects, because the condition says which. The oldest first. */
  listAnyProject(filter: unknown, query: OrderQuery): Promise<OrderPage>;
}

const FIELDS: FilterFields = {
  project_id: columnCondition('orders.project_id'),
  creator_id: columnCondition('orders.creator_id'),
  type: columnCondition('orders.type'),
  status: columnCondition('orders.status'),
  created_at: columnCondition('orders.created_at'),
};

export function createOrderListRepository(db: Database): OrderListRepository {
  return guarded<OrderListRepository>({
    listAnyProject: async (filter, query) => {
      const project = query.meta === undefined ? soleProject(filter) : undefined;
      const [orders, total] = await Promise.all([
        page(matchingRows(db, filter, query), query),
        project === undefined ? countRows(matchingRows(db, filter, query)) : countOf(db, ORDERS, project),
      ]);
      return { orders, total };
    },
  });
}

/** Not `like`, which has wildcards and on SQLite cannot tell capitals. */
const CONTAINS = { pg: 'strpos(orders.meta, ?) > 0', sqlite3: 'instr(orders.meta, ?) > 0' } as const;

function matchingRows(db: Database, filter: unknown, { meta }: OrderQuery): Knex.QueryBuilder {
  const rows: Knex.QueryBuilder = db.knex('orders');
  applyFilter(rows, filter, FIELDS);
  if (meta !== undefined) rows.whereRaw(CONTAINS[db.dialect], [JSON.stringify(meta)]);
  return rows;
}

async function page(rows: Knex.QueryBuilder, { limit, offset }: OrderQuery): Promise<Order[]> {
  // The id makes the order total: a page never repeats or skips a row that another page showed.
  rows.orderBy('orders.created_at').orderBy('orders.id');
  const found = (await rows.select('orders.*').limit(limit).offset(offset)) as unknown as OrderRow[];
  return found.map(toOrder);
}
