import type { Contract, Schema } from './contract.ts';
import type { Route } from './route.ts';

/**
 * The OpenAPI 3.1 description of the routes. `x-policy-action` is what the policy is asked about a request. A route without
 * a contract is a refusal of some method, and no operation.
 */
export function openApiDocument(routes: readonly Route[]): Readonly<Record<string, unknown>> {
  const schemas: Record<string, unknown> = { Error: ERROR };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    // Below a path that ignores the rest there is nothing of its own.
    if (route.contract === undefined || route.path.includes('*')) continue;
    const path = (paths[route.path.replaceAll(/:(\w+)/g, '{$1}')] ??= {});
    path[route.method] = operation(route, route.contract, schemas, path[route.method]);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Key Manager API',
      version: '1',
      description:
        'The OpenStack Key Manager API, as this service answers it. A policy decides about every request. Texts in a JSON ' +
        'body are trimmed before anything else is done with them; properties that are not named are ignored, unless they are ' +
        'said to be refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
    },
  };
}

const ERROR: Schema = {
  type: 'object',
  properties: {
    code: { type: 'integer', minimum: 400, maximum: 599 },
    title: { type: 'string' },
    description: { type: ['string', 'null'] },
  },
  required: ['code', 'title', 'description'],
};

/** Two routes of one method and path (told apart by `Accept`) are one operation with the answers of both. */
function operation(
  route: Route,
  contract: Contract,
  schemas: Record<string, unknown>,
  sibling: unknown,
): Readonly<Record<string, unknown>> {
  const other = (sibling ?? {}) as { readonly responses?: object; readonly summary?: string };
  return {
    operationId: `${route.method}${route.path.replaceAll(/[/:_-]+(\w)/g, (_match, letter: string) => letter.toUpperCase())}`,
    summary: other.summary ?? contract.summary,
    'x-policy-action': route.action,
    parameters: [...pathParameters(route.path), ...queryParameters(contract)],
    ...bodyOf(contract, schemas),
    responses: merged(other.responses, responses(contract, schemas)),
  };
}

function pathParameters(path: string): readonly unknown[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query = {} }: Contract): readonly unknown[] {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
}

const PAYLOAD_CONTENT = { '*/*': {} };

function bodyOf({ body }: Contract, schemas: Record<string, unknown>): object {
  if (body === undefined) return {};
  const content =
    body === 'payload' ? PAYLOAD_CONTENT : { 'application/json': { schema: hoisted(body, schemas) } };
  return { requestBody: { required: true, content } };
}

type Responses = Record<string, { readonly description: string; readonly content?: object }>;

function responses({ answers }: Contract, schemas: Record<string, unknown>): Responses {
  const all: Responses = {
    default: {
      description: 'Refused, or failed.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  };
  for (const [status, answer] of Object.entries(answers)) {
    if (answer === null) all[status] = { description: 'Done; no body.' };
    else if (answer === 'payload') all[status] = { description: 'The payload.', content: PAYLOAD_CONTENT };
    else
      all[status] = {
        description: 'Done.',
        content: { 'application/json': { schema: hoisted(answer, schemas) } },
      };
  }
  return all;
}

function merged(first: object | undefined, second: Responses): Responses {
  const all: Responses = { ...(first as Responses | undefined) };
  for (const [status, { description, content }] of Object.entries(second)) {
    all[status] = { description, ...mergedContent(all[status]?.content, content) };
  }
  return all;
}

function mergedContent(first: object | undefined, second: object | undefined): { content?: object } {
  return first === undefined && second === undefined ? {} : { content: { ...first, ...second } };
}

/** What has a title moves to the components, wherever it is used; a reference stands in its place. */
function hoisted(schema: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => hoisted(item, schemas));
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([name, member]) => [name, hoisted(member, schemas)]),
  );
  if (typeof inner['title'] !== 'string') return inner;
  schemas[inner['title']] = inner;
  return { $ref: `#/components/schemas/${inner['title']}` };
}
