import { Ajv, type ErrorObject } from 'ajv';
import { BadRequest } from '../errors.ts';
import { pythonRepr } from './text.ts';

const ajv = new Ajv({ allErrors: false, verbose: true, strict: true, allowUnionTypes: true });

interface CheckOptions {
  /** Name the property that is missing as the invalid one. */
  readonly namesMissing?: boolean;
  /** The property whose value is a secret, whatever its type: neither it nor a body that may be it is ever quoted. */
  readonly secretProperty?: string;
}

/**
 * A validator that refuses as the API does: `Provided object does not match schema '{name}': {reason}. Invalid property:
 * '{property}'`, the reason being the sentence of the original's JSON Schema library.
 */
export function schemaCheck(
  name: string,
  schema: object,
  { namesMissing = false, secretProperty }: CheckOptions = {},
): (value: unknown) => void {
  const validate = ajv.compile(schema);
  return (value) => {
    if (validate(value)) return;
    const [error] = validate.errors as [ErrorObject];
    const named = namesMissing && error.keyword === 'required';
    const property = named ? String(error.params['missingProperty']) : topLevelProperty(error);
    const secret = secretProperty !== undefined && (property === secretProperty || property === null);
    throw schemaMismatch(
      name,
      reason(error, secret ? withheld(error.data) : pythonRepr(error.data)),
      property,
    );
  };
}

export function schemaMismatch(name: string, why: string, property: string | null): BadRequest {
  return new BadRequest(
    `Provided object does not match schema '${name}': ${why}. Invalid property: '${property ?? 'None'}'`,
  );
}

/** PostgreSQL has no text with a zero character; refusing it everywhere keeps the databases alike. */
export function requireStorable(schema: string, property: string, value: string | null | undefined): void {
  if (value?.includes('\0') !== true) return;
  throw schemaMismatch(schema, `${pythonRepr(value)} contains a character that cannot be stored`, property);
}

/** The offending top-level property; null when the object itself is at fault. */
function topLevelProperty(error: ErrorObject): string | null {
  return error.instancePath.split('/')[1] ?? null;
}

const SENTENCES: Readonly<Record<string, (value: string, parameters: Record<string, unknown>) => string>> = {
  type: (value, { type }) => `${value} is not of type ${[type].flat().map(pythonRepr).join(', ')}`,
  maxLength: (value) => `${value} is too long`,
  minLength: () => `'' should be non-empty`,
  minItems: () => '[] should be non-empty',
  minimum: (value, { limit }) => `${value} is less than the minimum of ${String(limit)}`,
  maximum: (value, { limit }) => `${value} is greater than the maximum of ${String(limit)}`,
  multipleOf: (value, { multipleOf }) => `${value} is not a multiple of ${String(multipleOf)}`,
  enum: (value, { allowedValues }) => `${value} is not one of ${pythonRepr(allowedValues)}`,
  required: (_value, { missingProperty }) => `${pythonRepr(missingProperty)} is a required property`,
};

/** Clients log the answers they get, and a number may be a PIN: only what cannot be a secret is shown. */
function withheld(value: unknown): string {
  const harmless = value === null || typeof value === 'boolean' || isEmpty(value);
  return harmless ? pythonRepr(value) : '[payload]';
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);

/** The validator names the first of them only. */
function unexpected({ data, parentSchema }: ErrorObject): string {
  const known = Object.keys((parentSchema?.['properties'] ?? {}) as object);
  const names = Object.keys(data as object).filter((name) => !known.includes(name));
  const verb = names.length === 1 ? 'was' : 'were';
  return `Additional properties are not allowed (${names.map(pythonRepr).join(', ')} ${verb} unexpected)`;
}

function reason(error: ErrorObject, value: string): string {
  if (error.keyword === 'additionalProperties') return unexpected(error);
  const sentence = SENTENCES[error.keyword];
  return sentence === undefined
    ? `${value} is not valid`
    : sentence(value, error.params as Record<string, unknown>);
}
