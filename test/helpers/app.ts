import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, type Broker } from '../../src/compose.ts';
import { configSchema, type Config } from '../../src/config.ts';
import { createApp } from '../../src/http/app.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLog } from '../../src/log.ts';
import { disagreement } from './contract.ts';
import type { TestDialect } from './databases.ts';

/** The whole broker on a port of its own, spoken to over HTTP. */
export interface TestApp {
  readonly url: string;
  readonly broker: Broker;
  readonly config: Config;
  /** Everything the broker logged so far. */
  logged(): string;
  /** Everything the broker audited so far. */
  audited(): string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON, with its content type unless `headers` says otherwise. */
  readonly body?: unknown;
  readonly as?: Persona;
  /** The answer is allowed to differ from the description: a policy left something out of it. */
  readonly undescribed?: boolean;
}

export interface Persona {
  readonly user: string;
  readonly project: string;
  readonly roles: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export const OWNER: Persona = { user: 'u-owner', project: 'p-1', roles: ['creator'] };

export interface AppOptions {
  readonly dialect: TestDialect;
  /** Parts of the configuration that differ from the test's own. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export async function startApp({ dialect, config: changes = {} }: AppOptions): Promise<TestApp> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const database = await dialect.open();
  const lines: string[] = [];
  const config = configSchema.parse({
    listen: { port: 0 },
    database: database.options,
    identity: [{ kind: 'headers' }],
    stores: {
      default: 'software',
      configured: [
        {
          name: 'software',
          kind: 'simple_crypto',
          master_keys: [{ id: 'test', key: Buffer.alloc(32, 7).toString('base64') }],
        },
      ],
    },
    audit: { sinks: [{ kind: 'file', path: join(folder, 'audit.jsonl') }] },
    ...changes,
  });
  const broker = await compose(config, { log: createLog('debug', (line) => lines.push(line)) });
  const server = createHttpServer(createApp(broker.services));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    broker,
    config,
    logged: () => lines.join(''),
    audited: () => readFileSync(join(folder, 'audit.jsonl'), 'utf8'),
    request: (method, path, options) => request(url, method, path, options),
    close: async () => {
      await stop(server);
      await broker.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Over node:http and not fetch, which sends an `Accept` of its own and refuses headers that clients do send. */
async function request(
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const { as: persona = OWNER, body } = options;
  const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const headers: Record<string, string> = {
    'X-User-Id': persona.user,
    'X-Project-Id': persona.project,
    'X-Roles': persona.roles.join(','),
    ...(raw ? {} : { 'Content-Type': 'application/json' }),
    ...options.headers,
  };
  const bytes = raw ? Buffer.from(body ?? '') : Buffer.from(JSON.stringify(body));
  if (body !== undefined) headers['Content-Length'] = String(bytes.length);
  return new Promise((resolve, reject) => {
    const sent = http.request(`${base}${path}`, { method, headers, agent: false }, (response) => {
      collect(response).then((answer) => {
        const wrong = options.undescribed === true ? undefined : checked(method, path, bytes, answer);
        if (wrong === undefined) resolve(answer);
        else reject(new Error(`${method} ${path} is not as /openapi.json describes it: ${wrong}`));
      }, reject);
    });
    sent.once('error', reject);
    sent.end(bytes);
  });
}

function checked(method: string, path: string, request: Buffer, answer: Answer): string | undefined {
  const { status, headers, bytes } = answer;
  const answerType = bytes.length === 0 ? undefined : headers['content-type'];
  return disagreement({ method, path, request: json(request), status, answerType, answer: json(bytes) });
}

async function collect(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, bytes, text: bytes.toString('utf8'), json: json(bytes) };
}

function json(bytes: Buffer): Answer['json'] {
  try {
    return JSON.parse(bytes.toString('utf8')) as Answer['json'];
  } catch {
    return undefined;
  }
}
