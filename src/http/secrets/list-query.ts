import { BadRequest } from '../../errors.ts';
import type { DateField, SecretQuery, SortField } from '../../repositories/secret-lists.ts';
import { parseIsoTime } from '../iso-time.ts';
import type { RawInput } from '../route.ts';
import { pageOf } from '../paging.ts';

export interface ListSecrets {
  readonly query: SecretQuery;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

const refuse = (): never => {
  throw new BadRequest('URI provided invalid query string parameters.');
};

export function parseListSecrets(raw: RawInput): ListSecrets {
  const { query: sent } = raw;
  return {
    sent,
    query: {
      equals: equals(sent),
      dates: DATE_FIELDS.flatMap((field) => dateTerms(field, sent[field])),
      sort: sortTerms(sent['sort']),
      ...pageOf(sent, raw.limits),
    },
  };
}

const TEXT_FILTERS = { name: 'name', alg: 'algorithm', mode: 'mode', secret_type: 'secret_type' } as const;

/** Exact matches; an empty value and a `bits` that is no positive integer are no filter. */
function equals(sent: Readonly<Record<string, string>>): SecretQuery['equals'] {
  const found: Record<string, string | number> = {};
  for (const [parameter, column] of Object.entries(TEXT_FILTERS)) {
    const value = sent[parameter];
    if (value?.includes('\0') === true) refuse();
    if (value !== undefined && value !== '') found[column] = value;
  }
  const bits = sent['bits'] ?? '';
  if (/^\s*\+?\d+\s*$/.test(bits) && Number(bits) > 0)
    found['bit_length'] = Math.min(Number(bits), NO_BIT_LENGTH);
  return found;
}

/** More bits than any secret has, and still an integer to every database. */
const NO_BIT_LENGTH = 2 ** 31 - 1;

const DATE_FIELDS: readonly DateField[] = ['created', 'updated', 'expiration'];
type Comparison = SecretQuery['dates'][number]['operator'];
const OPERATORS: Readonly<Record<string, Comparison>> = {
  'gt:': '>',
  'gte:': '>=',
  'lt:': '<',
  'lte:': '<=',
};

/** A term is refused if one before it makes it redundant. */
const REDUNDANT: Readonly<Record<Comparison, readonly Comparison[]>> = {
  '>': ['>', '>='],
  '>=': ['>', '>=', '='],
  '<': ['<', '<='],
  '<=': ['<', '<=', '='],
  '=': ['=', '>=', '<='],
};

function dateTerms(field: DateField, value: string | undefined): SecretQuery['dates'] {
  if (value === undefined || value === '') return [];
  const seen: Comparison[] = [];
  return value.split(',').map((term) => {
    const prefix = /^(?:gte|gt|lte|lt):/.exec(term)?.[0] ?? '';
    const operator = OPERATORS[prefix] ?? '=';
    const time = parseIsoTime(term.slice(prefix.length));
    if (time === undefined || REDUNDANT[operator].some((earlier) => seen.includes(earlier))) return refuse();
    seen.push(operator);
    return { field, operator, time };
  });
}

const SORT_FIELDS: ReadonlySet<string> = new Set<SortField>([
  'algorithm',
  'bit_length',
  'created',
  'expiration',
  'mode',
  'name',
  'secret_type',
  'status',
  'updated',
]);

function sortTerms(value: string | undefined): SecretQuery['sort'] {
  if (value === undefined || value === '') return [];
  const seen = new Set<string>();
  return value.split(',').map((term) => {
    const [field = '', direction = 'asc', ...rest] = term.split(':');
    if (!SORT_FIELDS.has(field) || seen.has(field) || rest.length > 0) return refuse();
    if (direction !== 'asc' && direction !== 'desc') return refuse();
    seen.add(field);
    return { field: field as SortField, direction };
  });
}
