import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError, StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import { linkFailure } from './link-failure.ts';
import type { DogtagOptions } from './options.ts';

export interface RestRequest {
  readonly method: 'GET' | 'POST';
  /** From the root of the server, with its query. */
  readonly path: string;
  readonly body?: object;
  /** Of the session, as the header has it. */
  readonly cookie?: string;
  /** In seconds; left out: `timeouts.request`. */
  readonly within?: number;
}

/** What came back, whatever its status. */
export interface RestAnswer {
  readonly status: number;
  /** Undefined: no JSON. An answer of Dogtag's own has some, unless it is empty; one of Tomcat's is HTML. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** `NAME=VALUE` of each cookie set. */
  readonly cookies: readonly string[];
}

export interface Rest {
  /** For error texts: the server, and whose it is. */
  readonly place: string;
  /** Errors: `StoreUnavailable` without an answer, `StoreMisconfigured` when one side refuses the other's certificate. */
  send(request: RestRequest): Promise<RestAnswer>;
  close(): void;
}

type RestOptions = Pick<DogtagOptions, 'name' | 'url' | 'tls' | 'timeouts' | 'concurrency'>;

/** Far more than the largest payload with all around it. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Shorter than Tomcat's 20 seconds and Dogtag's five minutes: no write goes to a connection about to be closed. */
const IDLE_MS = 15_000;
/**
 * Dogtag 10's TLS (JSS) loses a record that comes in part behind another: most bodies above 20 kB are then waited for
 * until somebody gives up. In pieces, of one record each even with the headers, and with time in between, they arrive.
 */
const PIECE_BYTES = 12_000;
const PIECE_PAUSE_MS = 25;

/** Requests to one server over a bounded number of connections that are kept open. */
export function createRest(options: RestOptions): Rest {
  const { name, url, tls, concurrency } = options;
  const place = `the server of store "${name}" (${new URL(url).host})`;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: concurrency,
    timeout: IDLE_MS,
    minVersion: 'TLSv1.2',
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
  });
  const deps = { place, agent, url, timeouts: options.timeouts };
  return { place, send: (request) => exchange(deps, request), close: () => agent.destroy() };
}

interface ExchangeDeps extends Pick<DogtagOptions, 'url' | 'timeouts'> {
  readonly place: string;
  readonly agent: Agent;
}

async function exchange(deps: ExchangeDeps, request: RestRequest): Promise<RestAnswer> {
  const { place, agent, url, timeouts } = deps;
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const outgoing = httpsRequest(new URL(request.path, url), requestOptions(agent, request, body));
  const seconds = request.within ?? timeouts.request;
  let late: StoreUnavailable | undefined;
  const timer = setTimeout(() => {
    late = new StoreUnavailable(`${place} did not answer within ${seconds} s`);
    outgoing.destroy(late);
  }, seconds * 1_000);
  try {
    const [incoming] = await Promise.all([answerTo(deps, outgoing), write(outgoing, body)]);
    return await collect(place, incoming);
  } catch (error) {
    throw late ?? (error instanceof BrokerError ? error : linkFailure(place, error));
  } finally {
    clearTimeout(timer);
  }
}

function requestOptions(agent: Agent, request: RestRequest, body: Buffer | undefined): RequestOptions {
  return {
    agent,
    method: request.method,
    headers: {
      // Without it Dogtag 10 speaks XML.
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      'Content-Length': body?.length ?? 0,
      ...(request.cookie === undefined ? {} : { Cookie: request.cookie }),
    },
  };
}

function answerTo({ place, timeouts }: ExchangeDeps, outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // There may be a second one, when what was answered before the end is cut off.
    outgoing.on('error', reject);
    outgoing.once('socket', (socket) => limitConnect(place, outgoing, socket, timeouts.connect));
  });
}

/** A connection taken from the pool is there already. */
function limitConnect(place: string, outgoing: ClientRequest, socket: Socket, seconds: number): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => {
    outgoing.destroy(new StoreUnavailable(`${place} made no connection within ${seconds} s`));
  }, seconds * 1_000);
  const stop = (): void => clearTimeout(timer);
  socket.once('secureConnect', stop);
  socket.once('close', stop);
}

async function write(outgoing: ClientRequest, body: Buffer | undefined): Promise<void> {
  let at = 0;
  for (; body !== undefined && body.length - at > PIECE_BYTES; at += PIECE_BYTES) {
    outgoing.write(body.subarray(at, at + PIECE_BYTES));
    await sleep(PIECE_PAUSE_MS);
    if (outgoing.destroyed) return;
  }
  outgoing.end(body?.subarray(at));
}

async function collect(place: string, incoming: IncomingMessage): Promise<RestAnswer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_ANSWER_BYTES)
      throw new StoreRejected(`${place} gave an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return {
    status: incoming.statusCode ?? 0,
    json: parseObject(Buffer.concat(parts).toString('utf8')),
    cookies: (incoming.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? ''),
  };
}

function parseObject(text: string): RestAnswer['json'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as RestAnswer['json']) : undefined;
  } catch {
    return undefined;
  }
}
