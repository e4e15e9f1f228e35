import type { AccessRule } from './token-body.ts';

export interface Access {
  readonly method: string;
  /** As the client sent it, without the query string. */
  readonly path: string;
}

/** Some rule names this method, this service and a pattern of this path. An empty list allows nothing. */
export function isAllowedByRules(rules: readonly AccessRule[], service: string, access: Access): boolean {
  return rules.some(
    (rule) =>
      rule.method === access.method && rule.service === service && matchesPath(rule.path, access.path),
  );
}

/**
 * `{name}` and `*` are one segment that is not empty, `**` is anything, all else is literal; the whole path must match.
 * The pattern is a user's own: no regular expression is built from it, and the time is bounded by pattern times path.
 */
export function matchesPath(pattern: string, path: string): boolean {
  let reached = new Set([0]);
  for (const part of partsOf(pattern)) {
    reached = advance(part, path, reached);
    if (reached.size === 0) return false;
  }
  return reached.has(path.length);
}

type Part = '*' | '**' | { readonly literal: string };

function partsOf(pattern: string): readonly Part[] {
  const tokens = pattern.match(/\{[^{}/]*\}|\*\*|\*|[^*{]+|\{/g) ?? [];
  return tokens.map((token) => {
    if (token === '**' || token === '*') return token;
    return token.length > 1 && token.startsWith('{') ? '*' : { literal: token };
  });
}

/** Where in the path this part may end, given where it may begin. */
function advance(part: Part, path: string, starts: ReadonlySet<number>): Set<number> {
  if (part === '**') return positionsFrom(Math.min(...starts), path.length);
  if (part === '*') return segmentEnds(path, starts);
  const { literal } = part;
  return new Set([...starts].filter((at) => path.startsWith(literal, at)).map((at) => at + literal.length));
}

function positionsFrom(first: number, last: number): Set<number> {
  return new Set(Array.from({ length: last - first + 1 }, (_, offset) => first + offset));
}

/** One pass: a position is an end once a start came before it with no slash in between. */
function segmentEnds(path: string, starts: ReadonlySet<number>): Set<number> {
  const ends = new Set<number>();
  let open = false;
  for (let at = 0; at < path.length; at += 1) {
    open = path[at] !== '/' && (open || starts.has(at));
    if (open) ends.add(at + 1);
  }
  return ends;
}
