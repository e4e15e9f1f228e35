import type { SecretConsumer } from '../../repositories/secret-consumers.ts';
import { parseJsonBody } from '../json-body.ts';
import { requireStorable, schemaCheck, schemaMismatch } from '../json-schema.ts';
import { pageOf, type Page } from '../paging.ts';
import type { RawInput } from '../route.ts';
import { pythonRepr } from '../text.ts';

const text = { type: 'string', minLength: 1, maxLength: 255 } as const;

/** Properties not named here are ignored, as clients send some. */
export const SECRET_CONSUMER_SCHEMA = {
  type: 'object',
  properties: { service: text, resource_type: text, resource_id: text },
  required: ['service', 'resource_type', 'resource_id'],
} as const;

const SCHEMA = 'Secret Consumer';
const check = schemaCheck(SCHEMA, SECRET_CONSUMER_SCHEMA);

interface ConsumerBody {
  readonly service: string;
  readonly resource_type: string;
  readonly resource_id: string;
}

export function parseSecretConsumer(raw: RawInput): SecretConsumer {
  const body = parseJsonBody(raw.contentType, raw.body) as ConsumerBody;
  check(body);
  for (const property of SECRET_CONSUMER_SCHEMA.required) requireStorable(SCHEMA, property, body[property]);
  requireIndexable(body);
  return { service: body.service, resourceType: body.resource_type, resourceId: body.resource_id };
}

/** PostgreSQL indexes at most 2704 bytes a row, and the three are one key: long texts far beyond ASCII do not fit. */
const MAX_KEY_BYTES = 2500;

function requireIndexable({ service, resource_type, resource_id }: ConsumerBody): void {
  if (Buffer.byteLength(service + resource_type + resource_id) <= MAX_KEY_BYTES) return;
  throw schemaMismatch(SCHEMA, `${pythonRepr(resource_id)} is too long`, 'resource_id');
}

export interface ListConsumers {
  readonly page: Page;
  /** The parameters as sent, for the links to other pages. */
  readonly sent: Readonly<Record<string, string>>;
}

export const parseListConsumers = ({ query, limits }: RawInput): ListConsumers => ({
  page: pageOf(query, limits),
  sent: query,
});
