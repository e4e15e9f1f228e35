import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../../errors.ts';
import { type Deadline, millisecondsLeft } from './deadline.ts';
import type { KeystoneOptions } from './options.ts';
import { unavailable } from './unavailable.ts';

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Under the v3 root of the identity service. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A pool of connections to one Keystone. Every failure is `IdentityUnavailable`, at the deadline at the latest. */
export interface Connection {
  send(call: Call, deadline: Deadline): Promise<Reply>;
  close(): void;
}

/** Enough for a burst of new tokens; more would only queue inside Keystone. */
const MAX_SOCKETS = 32;
/** A token without catalog is a few KiB even with hundreds of roles. */
const MAX_BODY_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 100;

export function createConnection(options: KeystoneOptions): Connection {
  const root = new URL(options.auth_url.replace(/\/+$/, '').replace(/\/v3$/, ''));
  const agent = agentFor(root, options);
  const open: Opener = (call, signal) => {
    const request = (root.protocol === 'https:' ? https : http).request(
      `${root.origin}${root.pathname.replace(/\/$/, '')}/v3${call.path}`,
      { agent, method: call.method, headers: { Accept: 'application/json', ...call.headers }, signal },
    );
    limitConnecting(request, options.connect_timeout * 1000);
    return request;
  };
  return {
    send: (call, deadline) => sendWithRetries(open, call, deadline, options.max_retries),
    close: () => agent.destroy(),
  };
}

type Opener = (call: Call, signal: AbortSignal) => http.ClientRequest;

function agentFor(root: URL, options: KeystoneOptions): http.Agent {
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS };
  if (root.protocol !== 'https:') return new http.Agent(pool);
  return new https.Agent({
    ...pool,
    rejectUnauthorized: !options.insecure,
    ...(options.cafile === undefined ? {} : { ca: readPem('cafile', options.cafile) }),
    ...(options.certfile === undefined ? {} : { cert: readPem('certfile', options.certfile) }),
    ...(options.keyfile === undefined ? {} : { key: readPem('keyfile', options.keyfile) }),
  });
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`identity: ${option} "${path}" cannot be read`, cause);
  }
}

async function sendWithRetries(
  open: Opener,
  call: Call,
  deadline: Deadline,
  retries: number,
): Promise<Reply> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await sendOnce(open, call, deadline);
    } catch (error) {
      const pause = FIRST_PAUSE_MS * 2 ** attempt;
      const hopeless =
        attempt >= retries || !isConnectionFailure(error) || pause >= millisecondsLeft(deadline);
      if (hopeless) throw unavailable(`${call.method} ${call.path.split('?')[0]}: no answer`, error);
      await sleep(pause);
    }
  }
}

async function sendOnce(open: Opener, call: Call, deadline: Deadline): Promise<Reply> {
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(), millisecondsLeft(deadline));
  try {
    const request = open(call, timeUp.signal);
    const response = await responseTo(request, call.body);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
  } finally {
    clearTimeout(timer);
  }
}

function responseTo(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays for good: an abort after the response has begun reports here as well.
    request.on('error', reject);
    request.end(body);
  });
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A host that drops packets would otherwise eat the whole deadline in one attempt. */
function limitConnecting(request: http.ClientRequest, milliseconds: number): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const late = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => request.destroy(late), milliseconds);
    const established = 'encrypted' in socket ? 'secureConnect' : 'connect';
    for (const event of [established, 'close', 'error']) socket.once(event, () => clearTimeout(timer));
  });
}

const CONNECTION_FAILURES: readonly unknown[] = [
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
];

function isConnectionFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CONNECTION_FAILURES.includes(error.code);
}
