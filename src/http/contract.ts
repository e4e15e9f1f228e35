/** JSON Schema 2020-12, as OpenAPI 3.1 has it. One with a `title` is told apart by it and described once. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a route promises beyond its policy: the parts of its description that no code can be read off. */
export interface Contract {
  readonly summary: string;
  /** Query parameters, each with what it does. */
  readonly query?: Readonly<Record<string, string>>;
  /** Of a JSON body; `payload`: bytes of any type that a payload may have. */
  readonly body?: Schema | 'payload';
  /** Of each answer that is no refusal; null: it has no body. */
  readonly answers: Readonly<Record<number, Schema | 'payload' | null>>;
}

const text = { type: 'string' } as const;

/** An object that has every one of these members, and no other: clients refuse unknown ones. */
export function exactly(
  members: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    properties: { ...members, ...optional },
    required: Object.keys(members),
    additionalProperties: false,
  };
}

export const nullable = (schema: Schema & { readonly type: string }): Schema => ({
  ...schema,
  type: [schema.type, 'null'],
});

export const TEXT: Schema & { readonly type: string } = text;
export const NUMBER = { type: 'integer' } as const;

/** UTC without a zone designator; no fraction when it is zero. */
export const TIME = {
  title: 'Time',
  type: 'string',
  pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?$`,
} as const;

export const REF = { title: 'Reference', type: 'string', pattern: '^https?://[^ ]+/v1/[^ ]+$' } as const;

/** A page of a list: its items under `name`, links to the pages around it where there are any. */
export function page(name: string, item: Schema): Schema {
  const link = { type: 'string', pattern: '^https?://' } as const;
  return exactly(
    { [name]: { type: 'array', items: item }, total: { type: 'integer', minimum: 0 } },
    { previous: link, next: link },
  );
}

export const PAGE_QUERY = {
  limit: 'How many at most; 10 unless given, 100 at most.',
  offset: 'How many to pass over.',
} as const;
