import { schemaMismatch } from '../json-schema.ts';
import { pythonRepr } from '../text.ts';

/** PostgreSQL has no text with a zero character; refusing it everywhere keeps the databases alike. */
export function requireStorable(schema: string, property: string, value: string | null | undefined): void {
  if (value?.includes('\0') !== true) return;
  throw schemaMismatch(schema, `${pythonRepr(value)} contains a character that cannot be stored`, property);
}
