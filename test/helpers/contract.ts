import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { ROUTES } from '../../src/http/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';

/** Checks what went over the wire against the description that the broker serves of itself. */

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly request: unknown;
  readonly status: number;
  readonly answerType: string | undefined;
  readonly answer: unknown;
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

export const DESCRIPTION = openApiDocument(ROUTES) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'postern:openapi', ...DESCRIPTION }, undefined, false, false);

const templates = Object.keys(DESCRIPTION.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  variables: template.split('{').length,
}));
templates.sort((a, b) => a.variables - b.variables);

/** What the description says otherwise; undefined where it agrees, or has nothing to say. */
export function disagreement(exchange: Exchange): string | undefined {
  const path = exchange.path
    .split('?')[0]!
    .replaceAll(/\/{2,}/g, '/')
    .replace(/(.)\/$/, '$1');
  const template = templates.find(({ pattern }) => pattern.test(path))?.template;
  const method = exchange.method.toLowerCase();
  const operation = template === undefined ? undefined : DESCRIPTION.paths[template]?.[method];
  if (template === undefined || operation === undefined) return undefined;
  const place = `#/paths/${template.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`;
  return answerDisagrees(exchange, operation, place) ?? requestDisagrees(exchange, operation, place);
}

function answerDisagrees(exchange: Exchange, operation: Operation, place: string): string | undefined {
  const { status, answerType, answer } = exchange;
  const key = status in operation.responses ? String(status) : 'default';
  if (key === 'default' && status < 400) return `${status} is not described`;
  const content = operation.responses[key]?.content;
  if (content === undefined) return answerType === undefined ? undefined : `a body of type ${answerType}`;
  if (answerType !== 'application/json' || !('application/json' in content)) {
    return '*/*' in content || key === 'default' ? undefined : `an answer of type ${answerType}`;
  }
  return violation(`${place}/responses/${key}/content/application~1json/schema`, answer, 'the answer');
}

/** A body that was accepted must be one that is described. */
function requestDisagrees(exchange: Exchange, operation: Operation, place: string): string | undefined {
  const content = operation.requestBody?.content;
  if (exchange.status >= 400 || content === undefined || !('application/json' in content)) return undefined;
  return violation(
    `${place}/requestBody/content/application~1json/schema`,
    trimmed(exchange.request),
    'the request',
  );
}

/** As the description says in words: no schema can. */
function trimmed(value: unknown): unknown {
  if (typeof value === 'string') return value.trim();
  if (Array.isArray(value)) return value.map(trimmed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, trimmed(member)]));
}

const compiled = new Map<string, ValidateFunction>();

function violation(pointer: string, value: unknown, what: string): string | undefined {
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `postern:openapi${encodeURI(pointer)}` });
  compiled.set(pointer, validate);
  return validate(value) ? undefined : `${what}: ${ajv.errorsText(validate.errors)}`;
}
