import type { Decision, FilterNode, Obligations, Reason } from './engine.ts';

/** Where the host turns a filter into a query, so an answer without one would show every project's rows. */
const LIST_ACTIONS: ReadonlySet<string> = new Set(['secrets:get', 'containers:get', 'orders:get']);

const FIELD_OPERATORS: ReadonlySet<unknown> = new Set(
  'eq ne lt lte gt gte in nin contains startswith'.split(' '),
);
const LIST_OPERATORS: ReadonlySet<unknown> = new Set(['in', 'nin']);
const COMPOUND_OPERATORS: ReadonlySet<unknown> = new Set(['and', 'or', 'not']);
const FIELDS: ReadonlySet<unknown> = new Set(
  (
    'project_id creator_id acl.read.project_access acl.read.users store name secret_type algorithm bit_length mode ' +
    'status created_at expires_at type'
  ).split(' '),
);

// A filter becomes SQL: these bound the statement, not what a sensible rule needs.
const MAX_FILTER_DEPTH = 8;
const MAX_FILTER_NODES = 256;
const MAX_FILTER_VALUES = 1000;
/** Each goes to the audit with every request. */
const MAX_REASONS = 64;

type Fields = Readonly<Record<string, unknown>>;

/** What an obligation's value has to be. A key without an entry here is a promise this host cannot keep. */
const OBLIGATIONS: Readonly<Record<keyof Obligations, (value: unknown) => boolean>> = {
  conceal: (value) => typeof value === 'boolean',
  store: (value) => isText(value) || (isTexts(value) && value.length > 0),
  redact: isTexts,
  audit: (value) => value === 'normal' || value === 'full' || value === 'sync',
  warn: (value) => typeof value === 'string',
};

/** A refusal of our own, when the policy gave no usable answer. */
export function refusal(id: string, revision: string, code: string, detail?: string): Decision {
  const reason = detail === undefined ? { code } : { code, detail };
  return { id, allow: false, reasons: [reason], filter: null, obligations: {}, revision };
}

/** The engine's raw answer as a decision. Whatever is not exactly the documented shape is a refusal. */
export function readDecision(results: unknown, action: string, id: string, revision: string): Decision {
  const result = singleResult(results);
  if (result === undefined) return refusal(id, revision, 'deny.policy_shape', 'not one result');
  const { allow, reasons, filter, obligations } = result;
  if (typeof allow !== 'boolean' || !isReasons(reasons) || !isObject(obligations)) {
    return refusal(id, revision, 'deny.policy_shape', 'allow, reasons or obligations');
  }
  const unknown = Object.keys(obligations).find((key) => !isKnownObligation(key));
  if (unknown !== undefined) return refusal(id, revision, 'deny.unknown_obligation', unknown);
  if (!areObligations(obligations)) return refusal(id, revision, 'deny.policy_shape', 'obligations');
  if (!isFilterFor(filter, allow && LIST_ACTIONS.has(action))) {
    return refusal(id, revision, 'deny.policy_shape', 'filter');
  }
  return { id, allow, reasons, filter, obligations, revision };
}

function singleResult(results: unknown): Fields | undefined {
  if (!Array.isArray(results) || results.length !== 1 || !isObject(results[0])) return undefined;
  const { result } = results[0];
  return isObject(result) && Object.keys(result).length === 4 ? result : undefined;
}

function isReasons(value: unknown): value is readonly Reason[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_REASONS && value.every(isReason);
}

function isReason(value: unknown): boolean {
  if (!isObject(value) || !isText(value['code'])) return false;
  const keys = Object.keys(value).length;
  return keys === 1 || (keys === 2 && typeof value['detail'] === 'string');
}

function isKnownObligation(key: string): key is keyof Obligations {
  return Object.hasOwn(OBLIGATIONS, key);
}

function areObligations(value: Fields): value is Fields & Obligations {
  return Object.entries(OBLIGATIONS).every(([key, fits]) => !Object.hasOwn(value, key) || fits(value[key]));
}

function isFilterFor(value: unknown, demanded: boolean): value is FilterNode | null {
  return demanded ? isFilter(value) : value === null;
}

function isFilter(root: unknown): root is FilterNode {
  let nodes = 0;
  const check = (node: unknown, depth: number): boolean => {
    if (!isObject(node) || depth > MAX_FILTER_DEPTH || ++nodes > MAX_FILTER_NODES) return false;
    if (node['type'] === 'field') return isField(node);
    if (node['type'] === 'const') return Object.keys(node).length === 2 && typeof node['value'] === 'boolean';
    return isCompound(node) && node['value'].every((child) => check(child, depth + 1));
  };
  return check(root, 1);
}

function isField(node: Fields): boolean {
  const { operator, field, value } = node;
  if (Object.keys(node).length !== 4 || !FIELD_OPERATORS.has(operator) || !FIELDS.has(field)) return false;
  if (LIST_OPERATORS.has(operator)) {
    return Array.isArray(value) && value.length <= MAX_FILTER_VALUES && value.every(isScalar);
  }
  return isScalar(value) || (value === null && (operator === 'eq' || operator === 'ne'));
}

/** An empty `and` is true and an empty `or` is false: neither is what anybody meant. */
function isCompound(node: Fields): node is Fields & { readonly value: readonly unknown[] } {
  const { type, operator, value } = node;
  if (type !== 'compound' || Object.keys(node).length !== 3 || !COMPOUND_OPERATORS.has(operator))
    return false;
  if (!Array.isArray(value)) return false;
  return operator === 'not' ? value.length === 1 : value.length > 0;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
