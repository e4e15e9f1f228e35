/** What a command prints: JSON for machines, else a table of rows or a line per member. */
export function present(value: unknown, asJson: boolean): string {
  if (asJson) return `${JSON.stringify(value)}\n`;
  if (Array.isArray(value)) return table(value as readonly Readonly<Record<string, unknown>>[]);
  const members = Object.entries(value as Readonly<Record<string, unknown>>);
  return members.map(([name, member]) => `${name}: ${cell(member)}\n`).join('');
}

function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const [first] = rows;
  if (first === undefined) return 'none\n';
  const columns = Object.keys(first);
  const cells = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((text, index) => text.padEnd(widths[index] ?? 0)).join('  ');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function cell(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(' ');
  if (typeof value === 'string') return value === '' ? '-' : value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, member]) => `${name}=${cell(member)}`)
    .join(' ');
}
