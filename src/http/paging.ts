import type { Limits } from './route.ts';

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** `limit` and `offset` as the API corrects them: never refused. */
export function pageOf(sent: Readonly<Record<string, string>>, limits: Limits): Page {
  const limit = integer(sent['limit']);
  return {
    limit: limit === undefined ? limits.defaultPageSize : clamp(limit, 1, limits.maxPageSize),
    offset: offsetOf(integer(sent['offset'])),
  };
}

/** What the original's databases can count up to; beyond it an offset is absurd, hence zero. */
const MAX_OFFSET = 2n ** 63n - 1n;

/** No list is longer than we can count: a larger offset is past its end all the same. */
function offsetOf(asked: bigint | undefined): number {
  if (asked === undefined || asked > MAX_OFFSET) return 0;
  return clamp(asked, 0, Number.MAX_SAFE_INTEGER);
}

function clamp(value: bigint, least: number, most: number): number {
  if (value < least) return least;
  return value > most ? most : Number(value);
}

function integer(text: string | undefined): bigint | undefined {
  const digits = /^\s*([+-]?\d+)\s*$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : BigInt(digits.replace(/^\+/, ''));
}

export interface PageLinks {
  readonly previous?: string;
  readonly next?: string;
}

/** Links to the pages around this one, other parameters kept. An empty page has none. */
export function pageLinks(
  url: string,
  sent: Readonly<Record<string, string>>,
  { limit, offset }: Page,
  shown: number,
  total: number,
): PageLinks {
  if (shown === 0) return {};
  const link = (to: number): string => {
    const others = Object.entries(sent).filter(([name]) => name !== 'limit' && name !== 'offset');
    const rest = others.length === 0 ? '' : `&${new URLSearchParams(others).toString()}`;
    return `${url}?limit=${limit}&offset=${to}${rest}`;
  };
  return {
    ...(offset > 0 ? { previous: link(Math.max(0, offset - limit)) } : {}),
    ...(total > offset + limit ? { next: link(offset + limit) } : {}),
  };
}
