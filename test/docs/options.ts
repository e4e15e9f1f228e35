import { isDeepStrictEqual } from 'node:util';

/** As much of JSON Schema as the configuration's schema is made of. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly default?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** The options of a schema that none of the documents names, or that no document gives its default. */
export function missingOptions(
  schema: JsonSchema,
  documents: readonly unknown[],
  path = '',
): readonly string[] {
  const { oneOf, items, properties } = schema;
  if (oneOf !== undefined) return oneOf.flatMap((one) => missingOptions(one, alike(one, documents), path));
  if (items !== undefined) return missingOptions(items, documents.flat(), path);
  const objects = documents.filter(isFields);
  return Object.entries(properties ?? {}).flatMap(([name, option]) => {
    const where = path === '' ? name : `${path}.${name}`;
    const given = objects.filter((one) => name in one).map((one) => one[name]);
    return given.length === 0
      ? [where]
      : [...otherDefault(option, given, where), ...missingOptions(option, given, where)];
  });
}

/** Of several shapes, told apart by a constant member, each is looked for where that constant is written. */
function alike({ properties }: JsonSchema, documents: readonly unknown[]): readonly unknown[] {
  const constants = Object.entries(properties ?? {}).filter(([, { const: value }]) => value !== undefined);
  const [[name, { const: value }] = ['', {} as JsonSchema]] = constants;
  return documents.filter((one) => isFields(one) && one[name] === value);
}

/** A section's default is that of its options. */
function otherDefault(option: JsonSchema, given: readonly unknown[], where: string): readonly string[] {
  if (!('default' in option) || isSection(option)) return [];
  const found = given.some((value) => isDeepStrictEqual(value, option.default));
  return found ? [] : [`${where}: the default is ${JSON.stringify(option.default)}`];
}

function isSection({ default: value, properties, oneOf }: JsonSchema): boolean {
  return (properties !== undefined || oneOf !== undefined) && isFields(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
