import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import { pageOf, type Page } from '../paging.ts';
import type { RawInput } from '../route.ts';

/** Neither is `required`: the original has a sentence of its own for a missing one. */
export const TRANSPORT_KEY_SCHEMA = {
  type: 'object',
  properties: { plugin_name: { type: 'string', maxLength: 255 }, transport_key: { type: 'string' } },
} as const;

const SCHEMA = 'Transport Key';
const check = schemaCheck(SCHEMA, TRANSPORT_KEY_SCHEMA);

export interface NewTransportKey {
  readonly pluginName: string;
  readonly transportKey: string;
}

type Body = Readonly<Partial<Record<'plugin_name' | 'transport_key', string>>>;

export function parseNewTransportKey(raw: RawInput): NewTransportKey {
  const body = parseJsonBody(raw.contentType, raw.body) as Body;
  check(body);
  return { pluginName: required(body, 'plugin_name'), transportKey: required(body, 'transport_key') };
}

function required(body: Body, property: keyof Body): string {
  const value = body[property] ?? '';
  if (value === '') throw schemaMismatch(SCHEMA, `${property} must be provided`, property);
  requireStorable(SCHEMA, property, value);
  return value;
}

export interface ListTransportKeys {
  readonly page: Page;
  /** Undefined: of all. */
  readonly pluginName: string | undefined;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

/** No plugin has this name. */
const NO_NAME = '';

/** An empty name is no filter; one that cannot be stored is that of no key. */
export function parseListTransportKeys({ query: sent, limits }: RawInput): ListTransportKeys {
  const name = sent['plugin_name'] ?? '';
  const pluginName = name.includes('\0') ? NO_NAME : name === '' ? undefined : name;
  return { sent, pluginName, page: pageOf(sent, limits) };
}
