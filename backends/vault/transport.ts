import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import { linkFailure } from './link-failure.ts';
import type { VaultOptions } from './options.ts';

/** One request as the client library hands it over. */
export interface WireRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Whatever the status: what it means depends on what was asked. The reader wipes the body. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Transport {
  /**
   * One attempt, within `timeouts`. Follows nothing and repeats nothing. No whole answer is `StoreUnavailable`, a
   * certificate that is not accepted `StoreMisconfigured`, an answer beyond all bounds `StoreRejected`.
   */
  send(request: WireRequest): Promise<Answer>;
  /** Of the certificate that the server showed last; undefined before, and without TLS. */
  serverCertificateEnds(): Date | undefined;
  close(): void;
}

export type TransportOptions = Pick<VaultOptions, 'name' | 'tls' | 'timeouts' | 'concurrency'>;

/** An entry with the largest payload is about 1 MB; what is much larger is no answer of this API. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Logins, renewals and probes do not wait for a place among the secrets. */
const OWN_CONNECTIONS = 4;
/** Below the five minutes after which the server closes them: a request should not race with that. */
const IDLE_MS = 60_000;

/** Connections of our own: neither proxies nor switches in the environment reach them, and TLS is always verified. */
export function createTransport(options: TransportOptions): Transport {
  const { tls, concurrency } = options;
  const keepAlive = { keepAlive: true, maxSockets: concurrency + OWN_CONNECTIONS, timeout: IDLE_MS };
  const secure = new https.Agent({
    ...keepAlive,
    ...tls,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
  const plain = new http.Agent(keepAlive);
  let ends: Date | undefined;
  const seen = (socket: Socket): void => {
    if (socket instanceof TLSSocket) ends = new Date(socket.getPeerCertificate().valid_to);
  };
  return {
    send: (request) => exchange(request, options, request.uri.startsWith('https:') ? secure : plain, seen),
    serverCertificateEnds: () => ends,
    close: () => {
      secure.destroy();
      plain.destroy();
    },
  };
}

function exchange(
  { method, uri, headers, body }: WireRequest,
  { name, timeouts }: TransportOptions,
  agent: http.Agent,
  seen: (socket: Socket) => void,
): Promise<Answer> {
  const url = new URL(uri);
  return new Promise((resolve, reject) => {
    const client = agent instanceof https.Agent ? https : http;
    const request = client.request(url, { method, agent, headers: withLength(headers, body) });
    // Once the answer has begun, the request itself tells no more of what happens to it.
    const fail = (error: unknown): void => {
      const known = error instanceof StoreUnavailable || error instanceof StoreRejected;
      reject(known ? error : linkFailure(name, url.origin, error));
      request.destroy();
    };
    const late = (what: string): void =>
      fail(new StoreUnavailable(`store "${name}", ${url.origin}: no ${what} in time`));
    const timer = setTimeout(late, timeouts.request * 1_000, 'answer');
    request.on('socket', (socket) => whenConnected(socket, seen, timeouts.connect, () => late('connection')));
    request.on('close', () => clearTimeout(timer));
    request.on('error', fail);
    request.on('response', (response) => void collect(response, name).then(resolve, fail));
    request.end(body);
  });
}

const withLength = (headers: WireRequest['headers'], body: Buffer | undefined): WireRequest['headers'] =>
  body === undefined
    ? headers
    : { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(body.length) };

/** A socket from the pool is connected already. TLS is part of connecting. */
function whenConnected(
  socket: Socket,
  seen: (socket: Socket) => void,
  seconds: number,
  late: () => void,
): void {
  if (!socket.connecting) return;
  const timer = setTimeout(late, seconds * 1_000);
  const connected = (): void => {
    clearTimeout(timer);
    seen(socket);
  };
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', connected);
  socket.once('close', () => clearTimeout(timer));
}

async function collect(response: IncomingMessage, store: string): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES)
      throw new StoreRejected(`store "${store}": an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  for (const chunk of chunks) chunk.fill(0);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
