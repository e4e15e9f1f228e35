/** A run of numbers: the first, and the names from there on, by the semicolon. */
type Run = readonly [first: number, names: string];
type Names<S extends string> = S extends `${infer Head}; ${infer Rest}` ? Head | Names<Rest> : S;

export type Table<N extends string> = Readonly<Record<N, number>>;

/** Names as the standard has them, which are also what 1.x sends as text to name an attribute. */
export function table<const R extends readonly Run[]>(runs: R): Table<Names<R[number][1]>> {
  const rows = runs.flatMap(([first, names]) =>
    names.split('; ').map((name, at): readonly [string, number] => [name, first + at]),
  );
  return Object.freeze(Object.fromEntries(rows)) as Table<Names<R[number][1]>>;
}

/** Undefined for a number that the table does not have: servers are newer than their clients. */
export function nameOf<N extends string>(names: Table<N>, code: number): N | undefined {
  for (const name in names) if (names[name] === code) return name;
  return undefined;
}

/** Undefined for a name that the table does not have, whoever made it up. */
export function codeOf(names: Table<string>, name: string): number | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
