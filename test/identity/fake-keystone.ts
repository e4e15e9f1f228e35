import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** The far end of the wire: answers as Keystone does, on loopback, and lets a test spoil an answer. */
export interface FakeKeystone {
  readonly url: string;
  readonly server: http.Server;
  /** Every call, oldest first: what a test counts. */
  readonly calls: SeenCall[];
  /** Bodies of the tokens it issued to callers, by the token's text. */
  readonly tokens: Map<string, TokenDocument>;
  /** Texts of our own tokens that it accepts. */
  readonly own: Set<string>;
  /** What the text of our own tokens begins with. */
  ownPrefix: string;
  /** Looks at a call first: true when it has answered, or means not to. */
  spoil: ((call: SeenCall, response: http.ServerResponse) => boolean) | undefined;
  stop(): Promise<void>;
}

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type TokenDocument = Record<string, unknown> & { readonly expires_at: string };

export interface FakeOptions {
  readonly clock: () => number;
  readonly tls?: https.ServerOptions;
}

/** Past its end, Keystone accepts a token with `allow_expired` this much longer. */
const ALLOW_EXPIRED_WINDOW_MS = 48 * 3600 * 1000;
const OWN_TOKEN_LIFE_MS = 3600 * 1000;

export async function startFakeKeystone({ clock, tls }: FakeOptions): Promise<FakeKeystone> {
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    void seen(request).then((call) => {
      fake.calls.push(call);
      if (fake.spoil?.(call, response) !== true) answer(fake, call, response, clock);
    });
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeKeystone = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    server,
    calls: [],
    tokens: new Map(),
    own: new Set(),
    ownPrefix: 'own-token',
    spoil: undefined,
    stop: () => stop(server),
  };
  return fake;
}

export function reply(response: http.ServerResponse, status: number, body: unknown, headers = {}): true {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
  return true;
}

/** As Keystone words it; the real one has been seen to quote ids, so this one quotes on purpose. */
export function refusal(code: number, title: string, quoted: string): object {
  return { error: { code, title, message: `${title}: ${quoted}` } };
}

async function seen(request: http.IncomingMessage): Promise<SeenCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const url = new URL(request.url ?? '/', 'http://keystone');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function answer(
  fake: FakeKeystone,
  call: SeenCall,
  response: http.ServerResponse,
  clock: () => number,
): void {
  if (call.path !== '/v3/auth/tokens') reply(response, 404, refusal(404, 'Not Found', call.path));
  else if (call.method === 'POST') login(fake, call, response, clock);
  else validate(fake, call, response, clock);
}

function login(fake: FakeKeystone, call: SeenCall, response: http.ServerResponse, clock: () => number): void {
  const accepted = call.body.includes('"our-password') || call.body.includes('"our-secret');
  if (!accepted) return void reply(response, 401, refusal(401, 'Unauthorized', call.body));
  const text = `${fake.ownPrefix}-${fake.calls.length}`;
  fake.own.add(text);
  const token = {
    issued_at: iso(clock()),
    expires_at: iso(clock() + OWN_TOKEN_LIFE_MS),
    methods: ['password'],
  };
  reply(response, 201, { token }, { 'x-subject-token': text });
}

function validate(
  fake: FakeKeystone,
  call: SeenCall,
  response: http.ServerResponse,
  clock: () => number,
): void {
  const own = String(call.headers['x-auth-token']);
  const subject = String(call.headers['x-subject-token']);
  if (!fake.own.has(own)) return void reply(response, 401, refusal(401, 'Unauthorized', own));
  const token = fake.tokens.get(subject);
  const grace = call.query.get('allow_expired') === '1' ? ALLOW_EXPIRED_WINDOW_MS : 0;
  const hidden = hasAccessRules(token) && call.headers['openstack-identity-access-rules'] !== '1';
  if (token === undefined || hidden || clock() >= Date.parse(token.expires_at) + grace) {
    return void reply(response, 404, refusal(404, 'Not Found', subject));
  }
  const catalog = call.query.has('nocatalog') ? {} : { catalog: [] };
  reply(response, 200, { token: { ...token, ...catalog } }, { 'x-subject-token': subject });
}

function hasAccessRules(token: TokenDocument | undefined): boolean {
  return JSON.stringify(token?.['application_credential'] ?? {}).includes('access_rules');
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}

function stop(server: http.Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
