import { BadRequest } from '../../errors.ts';
import type { Metadata } from '../../repositories/secret-metadata.ts';
import { parseJsonBody } from '../json-body.ts';
import { schemaCheck } from '../json-schema.ts';
import type { RawInput } from '../route.ts';

export const METADATA_SCHEMA = {
  type: 'object',
  properties: { metadata: { type: 'object' } },
  required: ['metadata'],
} as const;

export const METADATUM_SCHEMA = {
  type: 'object',
  properties: { key: { type: 'string', maxLength: 255 }, value: { type: 'string', maxLength: 255 } },
  required: ['key', 'value'],
  additionalProperties: false,
} as const;

/** These two schemas are of an older dialect, in which a missing property is reported by its name. */
const checkMetadata = schemaCheck('SecretMetadata', METADATA_SCHEMA, { namesMissing: true });
const checkMetadatum = schemaCheck('SecretMetadatum', METADATUM_SCHEMA, { namesMissing: true });

const KEY = /^[A-Za-z0-9_-]{1,255}$/;
const MAX_VALUE_CHARACTERS = 255;

export interface Metadatum {
  readonly key: string;
  readonly value: string;
}

/** `{"metadata": {...}}`: keys lower-cased, of two that differ in case only the later survives. */
export function parseMetadata(raw: RawInput): Metadata {
  const body = parseJsonBody(raw.contentType, raw.body) as { readonly metadata: Record<string, unknown> };
  checkMetadata(body);
  const entries = Object.entries(body.metadata);
  if (!entries.every(([, value]) => isStorable(value))) {
    throw new BadRequest('Invalid Metadata. Keys and Values must be Strings.');
  }
  return Object.fromEntries(entries.map(([key, value]) => [storedKey(key), value as string]));
}

function isStorable(value: unknown): boolean {
  return typeof value === 'string' && [...value].length <= MAX_VALUE_CHARACTERS && !value.includes('\0');
}

/** `{"key": ..., "value": ...}`. */
export function parseMetadatum(raw: RawInput): Metadatum {
  const body = parseJsonBody(raw.contentType, raw.body) as Metadatum;
  checkMetadatum(body);
  if (!isStorable(body.value)) throw new BadRequest('Invalid Metadata. Keys and Values must be Strings.');
  return { key: storedKey(body.key), value: body.value };
}

function storedKey(key: string): string {
  if (!KEY.test(key)) throw new BadRequest('Invalid Key. Key must be URL safe.');
  return key.toLowerCase();
}

/** No stored key is empty. */
const NO_KEY = '';

/** The key a path names, in the form keys are stored in. PostgreSQL refuses to even look for some that cannot be stored. */
export function keyOfPath({ params }: Pick<RawInput, 'params'>): string {
  const key = params['key'] ?? NO_KEY;
  return KEY.test(key) ? key.toLowerCase() : NO_KEY;
}
