import { BadRequest, NotFound } from '../errors.ts';

/** Clients join endpoint and path carelessly: a trailing slash and doubled ones are the same path. */
export function normalisedPath(path: string): string {
  const single = path.replaceAll(/\/{2,}/g, '/');
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}

export function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Checked where the original routes: a caller without credentials learns 401 first. */
export function requireDecodable(path: string): void {
  if (!path.includes('%')) return;
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw new BadRequest('', { detail: 'the path is not percent-encoded UTF-8', cause });
  }
}

/** Below a collection the original's handlers refuse, elsewhere its routing layer, which has no text but for GET. */
export function notServed(method: string, path: string): NotFound {
  const belowCollection = path.split('/').length > 3;
  return new NotFound(method === 'GET' || belowCollection ? '' : null);
}
