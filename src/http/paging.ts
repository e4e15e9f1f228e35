import type { Limits } from './route.ts';

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** `limit` and `offset` as the API corrects them: never refused. Beyond 2^53 an offset is absurd, hence zero. */
export function pageOf(sent: Readonly<Record<string, string>>, limits: Limits): Page {
  const limit = integer(sent['limit']);
  const offset = integer(sent['offset']);
  return {
    limit: limit === undefined ? limits.defaultPageSize : Math.min(Math.max(limit, 1), limits.maxPageSize),
    offset: offset !== undefined && offset > 0 && Number.isSafeInteger(offset) ? offset : 0,
  };
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : undefined;
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
