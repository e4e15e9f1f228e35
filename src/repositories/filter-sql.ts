import type { Knex } from 'knex';
import { Denied } from '../errors.ts';

/** The policy's condition tree, as far as this folder needs to know it: anything else in it denies the list. */
type Node = Readonly<Record<string, unknown>>;

/** Applies a condition to a query that is built under way; `field` conditions only. */
export type FieldCondition = (query: Knex.QueryBuilder, operator: string, value: unknown) => void;
export type FilterFields = Readonly<Record<string, FieldCondition>>;

/** A policy that needs more than this is no filter but a program. */
const MAX_DEPTH = 8;
const MAX_NODES = 256;

/** Adds the policy's condition to a query. Unknown nodes, operators and fields throw `Denied`: never a wider list. */
export function applyFilter(query: Knex.QueryBuilder, filter: unknown, fields: FilterFields): void {
  const budget = { nodes: MAX_NODES };
  query.where((group) => applyNode(group, filter, fields, MAX_DEPTH, budget));
}

function applyNode(
  query: Knex.QueryBuilder,
  node: unknown,
  fields: FilterFields,
  depth: number,
  budget: { nodes: number },
): void {
  budget.nodes -= 1;
  if (depth === 0 || budget.nodes < 0) refuse('is too large');
  if (!isNode(node)) refuse('has a node that is no object');
  if (node['type'] === 'const') return applyConst(query, node['value']);
  if (node['type'] === 'field') return applyField(query, node, fields);
  if (node['type'] === 'compound') return applyCompound(query, node, fields, depth, budget);
  refuse('has a node of unknown type');
}

function applyConst(query: Knex.QueryBuilder, value: unknown): void {
  if (typeof value !== 'boolean') refuse('has a constant that is no boolean');
  if (!value) query.whereRaw('1 = 0');
}

function applyField(query: Knex.QueryBuilder, node: Node, fields: FilterFields): void {
  const { field, operator, value } = node;
  const condition = typeof field === 'string' && Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (condition === undefined || typeof operator !== 'string') refuse('names an unknown field');
  condition(query, operator, value);
}

function applyCompound(
  query: Knex.QueryBuilder,
  node: Node,
  fields: FilterFields,
  depth: number,
  budget: { nodes: number },
): void {
  const { operator, value } = node;
  if (!Array.isArray(value) || value.length === 0) refuse('has an empty compound');
  const inner = (child: unknown) => (group: Knex.QueryBuilder) =>
    applyNode(group, child, fields, depth - 1, budget);
  if (operator === 'and') for (const child of value) query.andWhere(inner(child));
  else if (operator === 'or') for (const child of value) query.orWhere(inner(child));
  else if (operator === 'not' && value.length === 1) query.whereNot(inner(value[0]));
  else refuse('has an unknown compound operator');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(what: string): never {
  throw new Denied('', { detail: `the policy's list filter ${what}` });
}

const COMPARISONS: Readonly<Record<string, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
};

/**
 * A condition on one column. A null column fails every comparison but `eq null` and `ne null`.
 * `parse` turns the policy's value into the column's form, or throws.
 */
export function columnCondition(column: string, parse: (value: unknown) => unknown = scalar): FieldCondition {
  return (query, operator, value) => {
    if (value === null && operator === 'eq') query.whereNull(column);
    else if (value === null && operator === 'ne') query.whereNotNull(column);
    else if (operator in COMPARISONS)
      query.where(column, COMPARISONS[operator] as string, parse(value) as never);
    else if (operator === 'in') query.whereIn(column, list(value).map(parse) as never);
    else if (operator === 'nin') query.whereNotIn(column, list(value).map(parse) as never);
    else if (operator === 'contains') like(query, column, value, '%', '%');
    else if (operator === 'startswith') like(query, column, value, '', '%');
    else refuse('has an unknown operator');
  };
}

function scalar(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return refuse('compares with a value that is no scalar');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.length <= MAX_NODES ? value : refuse('has a bad list of values');
}

function like(query: Knex.QueryBuilder, column: string, value: unknown, before: string, after: string): void {
  if (typeof value !== 'string') refuse('compares with a value that is no text');
  const pattern = before + value.replaceAll(/[\\%_]/g, String.raw`\$&`) + after;
  query.whereRaw(`?? like ? escape '\\'`, [column, pattern]);
}

/** A truth that is a join away: `eq`/`ne` true or false. `whenTrue` is SQL without bindings. */
export function booleanCondition(whenTrue: string): FieldCondition {
  return (query, operator, value) => {
    if (typeof value !== 'boolean' || (operator !== 'eq' && operator !== 'ne'))
      refuse('misuses a boolean field');
    query.whereRaw((operator === 'eq') === value ? whenTrue : `not (${whenTrue})`);
  };
}

/** Membership in a list a join away: `contains` a text. `sql` has one placeholder for it. */
export function membershipCondition(sql: string): FieldCondition {
  return (query, operator, value) => {
    if (typeof value !== 'string' || operator !== 'contains') refuse('misuses a membership field');
    query.whereRaw(sql, [value]);
  };
}

/** What every row that can be listed has: `eq`, `ne`, `in` and `nin` are decided without asking the database. */
export function constantCondition(constant: string): FieldCondition {
  return (query, operator, value) => {
    const among = operator === 'in' || operator === 'nin' ? list(value) : [scalar(value)];
    if (!['eq', 'ne', 'in', 'nin'].includes(operator)) refuse('misuses a field that is always the same');
    const wanted = operator === 'eq' || operator === 'in';
    if (among.includes(constant) !== wanted) query.whereRaw('1 = 0');
  };
}

/** The project, if the policy's condition is just "this project": then a total may be known without counting rows. */
export function soleProject(filter: unknown): string | undefined {
  const { type, operator, field, value } = (filter ?? {}) as Node;
  const sole = type === 'field' && operator === 'eq' && field === 'project_id' && typeof value === 'string';
  return sole ? value : undefined;
}

export async function countRows(rows: Knex.QueryBuilder): Promise<number> {
  const row = (await rows.count({ total: '*' }).first()) as { total: number | string } | undefined;
  return Number(row?.total ?? 0);
}
