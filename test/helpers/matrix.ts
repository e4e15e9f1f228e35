import { readFileSync } from 'node:fs';

/** One observed answer of the original: who asked what of which target, and what came back. */
export interface MatrixRow {
  readonly id: string;
  readonly tier: string;
  readonly mode: string;
  readonly persona: string;
  readonly roles: string;
  readonly user: string;
  readonly project: string;
  readonly rule: string;
  readonly method: string;
  readonly path: string;
  readonly variant: string;
  readonly acl: string;
  readonly policy: string;
  readonly status: string;
  readonly error: string;
  readonly layer: string;
  readonly note: string;
}

export function readMatrix(): readonly MatrixRow[] {
  const text = readFileSync(new URL('../policy/policy-matrix.csv', import.meta.url), 'utf8');
  const [header = [], ...rows] = parseCsv(text);
  return rows.map(
    (row) =>
      Object.fromEntries(header.map((name, index) => [name, row[index] ?? ''])) as unknown as MatrixRow,
  );
}

/** RFC 4180: quoted fields may hold commas and doubled quotes. */
function parseCsv(text: string): readonly (readonly string[])[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
        quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
      ),
    );
}
