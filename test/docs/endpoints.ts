/** A row of a table whose first cell names paths: `a`, `…/{id}`. */
const ROW = /^\| (`\/[^|]*) \|/gm;
const CODE = /`([^`]+)`/g;

/** Every path that the tables of a page name, written out. */
export function pathsIn(page: string): readonly string[] {
  return [...page.matchAll(ROW)].flatMap(([, cell = '']) => pathsOf(cell));
}

/** What follows `…` goes on from the path written in full before it. */
function pathsOf(cell: string): readonly string[] {
  const names = [...cell.matchAll(CODE)].map(([, name = '']) => name);
  return names.map((name, index) => {
    const full = names.slice(0, index).findLast((one) => !one.startsWith('…')) ?? '';
    return name.startsWith('…') ? full + name.slice(1) : name;
  });
}

/** A route's path as a page writes it; below a path that ignores the rest there is nothing of its own. */
export function asWritten(route: string): string {
  return route.replace(/\/\*\w+$/, '').replaceAll(/:(\w+)/g, '{$1}');
}
