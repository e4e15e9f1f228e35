import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import { createApp } from '../../src/http/app.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { Services } from '../../src/http/services.ts';
import { startApp, type Answer, type Persona, type RequestOptions, type TestApp } from '../helpers/app.ts';
import { databases, type TestDialect } from '../helpers/databases.ts';

/** What the tables of this folder are played through: a broker, requests to it, and the contract's common parts. */

export const READER: Persona = { user: 'u-reader', project: 'p-1', roles: ['observer'] };
export const NOBODY: Persona = { user: 'u-nobody', project: 'p-1', roles: [] };
/** Their lists show nothing but what the test itself put there. */
export const freshProject = (): Persona => ({ user: 'u-owner', project: randomUUID(), roles: ['creator'] });

export const JSON_TYPE = 'application/json';
export const REQUEST_ID = /^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const UUID4 = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
export const NOWHERE = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

/** The embedded database: for the rules of the wire, which no database knows. */
export function sqlite(): TestDialect {
  const dialect = databases().find(({ name }) => name === 'sqlite3');
  if (dialect === undefined) throw new Error('no embedded database');
  return dialect;
}

/** One broker for all tests of a `describe`. */
export function broker(dialect: TestDialect = sqlite(), config: Record<string, unknown> = {}): () => TestApp {
  let app: TestApp | undefined;
  before(async () => {
    app = await startApp({ dialect, config });
  });
  after(() => app?.close());
  return () => {
    if (app === undefined) throw new Error('the broker is not up yet');
    return app;
  };
}

/** A second front of the same broker that differs in some parts: a clock of the test's own, say. */
export interface Front {
  /** Sends an object as JSON and a text as `text/plain`,. */
  ask(method: string, path: string, as: Persona, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export async function serveBeside(services: Services): Promise<Front> {
  const server = createHttpServer(createApp(services));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ask: (method, path, as, body) => ask(`http://127.0.0.1:${port}${path}`, method, as, body),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function ask(url: string, method: string, as: Persona, body: unknown): Promise<Answer> {
  const text = typeof body === 'string';
  const headers = {
    'X-User-Id': as.user,
    'X-Project-Id': as.project,
    'X-Roles': as.roles.join(','),
    ...(body === undefined ? {} : { 'Content-Type': text ? 'text/plain' : JSON_TYPE }),
  };
  const sent = body === undefined ? {} : { body: text ? body : JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...sent });
  const bytes = Buffer.from(await response.arrayBuffer());
  const json = response.headers.get('content-type') === JSON_TYPE && bytes.length > 0;
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    bytes,
    text: bytes.toString('utf8'),
    json: json ? (JSON.parse(bytes.toString('utf8')) as Answer['json']) : undefined,
  };
}

export const TEXT = { payload: 'open sesame', payload_content_type: 'text/plain' };
export const BYTES = Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x0a, 0x20]);
export const BINARY = {
  payload: BYTES.toString('base64'),
  payload_content_type: 'application/octet-stream',
  payload_content_encoding: 'base64',
};

/** Creates a secret and answers the path of its reference. */
export async function created(
  app: TestApp,
  body: unknown = {},
  options: Omit<RequestOptions, 'body'> = {},
): Promise<string> {
  const answer = await app.request('POST', '/v1/secrets', { ...options, body });
  expect(answer.status, answer.text).to.equal(201);
  return new URL(String(answer.json?.['secret_ref'])).pathname;
}

/** Exactly this refusal: status, title, description, and nothing beside them. */
export function expectError(
  answer: Answer,
  status: number,
  description: string | null,
  title = TITLES[status],
): void {
  expect(answer.text).to.equal(JSON.stringify({ code: status, title, description }));
  expect(answer.status).to.equal(status);
  expect(answer.headers['content-type']).to.equal(JSON_TYPE);
  expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
};

export const denied = (operation: string): string =>
  `${operation} attempt not allowed - please review your user/project privileges`;

export const mismatch = (reason: string, property: string, schema = 'Secret'): string =>
  `Provided object does not match schema '${schema}': ${reason}. Invalid property: '${property}'`;

/** An empty answer that says so: no body and no type of one. */
export function expectNoContent(answer: Answer): void {
  expect(answer.status, answer.text).to.equal(204);
  expect(answer.bytes.length).to.equal(0);
  expect(answer.headers['content-type']).to.equal(undefined);
  expect(answer.headers['x-openstack-request-id']).to.match(REQUEST_ID);
}

/** The names `Vary` lists, lower case. */
export const varies = (answer: Answer): readonly string[] =>
  (answer.headers.vary ?? '').split(',').map((name) => name.trim().toLowerCase());

/** What HTTP clients cannot express: bytes go out as they are, the whole answer comes back as text. */
export async function exchange(url: string, request: string | Uint8Array): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  // Not `end`: a client that closes its half is gone, to this server.
  socket.write(request);
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('latin1');
  const [head = '', ...body] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body: body.join('\r\n\r\n') };
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A request by hand, one header a line; the connection closes afterwards. */
export function handmade(line: string, headers: readonly string[], body = ''): Buffer {
  const own = ['Host: broker.test', 'X-Project-Id: p-1', 'X-User-Id: u-owner', 'X-Roles: creator'];
  const head = [`${line} HTTP/1.1`, ...own, ...headers, 'Connection: close'];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'utf8');
}

export interface AuditLine {
  readonly kind: 'intent' | 'outcome';
  readonly request_id: string;
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string | null; readonly project_id: string | null };
  readonly status?: number;
}

/** Intent and outcome of one request; the outcome is written a moment after the answer. */
export async function auditOf(app: TestApp, answer: Answer): Promise<readonly [AuditLine, AuditLine]> {
  for (let turn = 0; turn < 100; turn += 1) {
    const text = app.audited().trim();
    const lines = text.split('\n').map((line) => JSON.parse(line) as AuditLine);
    const own = lines.filter((line) => line.request_id === answer.headers['x-openstack-request-id']);
    if (own.length === 2) return own as unknown as [AuditLine, AuditLine];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the audit has no outcome');
}
