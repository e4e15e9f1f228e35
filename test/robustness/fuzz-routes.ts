import fc from 'fast-check';
import { ROUTES } from '../../src/http/app.ts';
import type { Route } from '../../src/http/route.ts';
import { jsonText, mostly } from './fuzz-bodies.ts';
import {
  anyText,
  CONTAINER,
  EMPTY_SECRET,
  FULL_SECRET,
  ORDER,
  STORE,
  TRANSPORT_KEY,
} from './fuzz-targets.ts';

/** Requests for every route there is, with bodies of the shape it describes: whoever adds a route has it tried. */
export interface RouteRequest {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: fc.Arbitrary<Buffer | undefined>;
}

const IDS: Readonly<Record<string, string>> = {
  secrets: FULL_SECRET,
  containers: CONTAINER,
  orders: ORDER,
  'secret-stores': STORE,
  transport_keys: TRANSPORT_KEY,
};

/** Quotas of a project that nobody else of the test needs. */
const OTHERS: Readonly<Record<string, string>> = {
  key: 'owner',
  project: 'p-quotas',
  consumer: 'a0000000-0000-4000-8000-000000000000',
};

function pathOf({ path, contract }: Route): string {
  const collection = path.split('/')[2] ?? '';
  const id = contract?.body === 'payload' ? EMPTY_SECRET : (IDS[collection] ?? '1');
  return path.replaceAll(/:(\w+)/g, (_match, name: string) => (name === 'id' ? id : (OTHERS[name] ?? '1')));
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((some) => Buffer.from(some));

function requestOf(route: Route): RouteRequest {
  const { method, contract } = route;
  const common = { method: method.toUpperCase(), path: pathOf(route) };
  const body = contract?.body;
  if (body === undefined) return { ...common, type: 'x', body: fc.constant(undefined) };
  if (body === 'payload') return { ...common, type: 'application/octet-stream', body: bytes };
  return {
    ...common,
    type: 'application/json',
    body: arbitraryOf(body).map((value) => Buffer.from(jsonText(value))),
  };
}

/** Properties whose values decide how far a request gets. */
const TELLING: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  secret_ref: fc.constantFrom(
    `http://127.0.0.1/v1/secrets/${FULL_SECRET}`,
    `http://127.0.0.1/v1/secrets/${EMPTY_SECRET}`,
    FULL_SECRET,
    '/',
  ),
  algorithm: fc.constantFrom('aes', 'AES', 'hmacsha256', 'des', 'none'),
  bit_length: fc.constantFrom(8, 64, 128, 256, 255, 4096),
  expiration: fc.constantFrom('2099-01-01', '2020-01-01', 'x'),
  secret_type: fc.constantFrom('opaque', 'symmetric'),
  payload_content_type: fc.constantFrom('text/plain', 'application/octet-stream'),
};

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

function arbitraryOf(schema: JsonSchema, name = ''): fc.Arbitrary<unknown> {
  if (TELLING[name] !== undefined) return mostly(fc.oneof(TELLING[name], anyText));
  if (schema.enum !== undefined) return mostly(fc.constantFrom(...schema.enum));
  const types = [schema.type ?? 'object'].flat();
  return mostly(fc.oneof(...types.map((type) => ofType(type, schema))));
}

function ofType(type: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return anyText;
    case 'integer':
      return fc.integer();
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}), { maxLength: 3 });
    default:
      return schema.properties === undefined ? metaLike : objectOf(schema.properties);
  }
}

const objectOf = (properties: Readonly<Record<string, JsonSchema>>): fc.Arbitrary<unknown> =>
  fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, arbitraryOf(one, name)])),
    { requiredKeys: [] },
  );

/** An object that anything may be in: the meta of an order, or user metadata. */
const metaLike = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom('a', 'A', '__proto__', ''), anyText), mostly(anyText)),
  fc.record({ ...TELLING, name: anyText, mode: anyText, passphrase: anyText }, { requiredKeys: [] }),
);

export const routeRequests: readonly RouteRequest[] = ROUTES.filter(
  ({ method, path }) => method !== '*' && !path.includes('*'),
).map(requestOf);
