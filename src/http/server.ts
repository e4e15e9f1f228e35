import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';

/** How long a client may take. A header section or a body that takes longer is an attack or a dead peer. */
export interface Deadlines {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often the two above are looked at. Node's own default of 30 s would make them that much longer. */
  readonly checkEveryMs: number;
}

const DEADLINES: Deadlines = { headersMs: 10_000, requestMs: 30_000, checkEveryMs: 1_000 };
/** Longer than the usual load balancer's 60 s, so that it is the one who closes an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export function createHttpServer(app: Koa, deadlines: Deadlines = DEADLINES): Server {
  const serve = app.callback();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (prepared(request)) void serve(request, response);
    else refuse(response);
  };
  const server = createServer(
    {
      headersTimeout: deadlines.headersMs,
      requestTimeout: deadlines.requestMs,
      connectionsCheckingInterval: deadlines.checkEveryMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Refused below, with a body in the API's shape.
      requireHostHeader: false,
    },
    answer,
  );
  // RFC 9110 section 10.1.1 lets us ignore an expectation we do not know; Node would refuse it with an empty body.
  server.on('checkExpectation', answer);
  server.on('clientError', refuseUnparsable);
  return server;
}

/** False for what the parser lets through but nobody behind it could work with. */
function prepared(request: IncomingMessage): boolean {
  const target = originForm(request.url ?? '');
  if (target === undefined || (request.httpVersion === '1.1' && request.headers.host === undefined))
    return false;
  request.url = target;
  return true;
}

/** The path and query of a request target (RFC 9112 section 3.2). Koa would throw at an absolute one that is no URL. */
function originForm(target: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target;
  if (!/^https?:/i.test(target) || !URL.canParse(target)) return undefined;
  const { pathname, search } = new URL(target);
  return pathname + search;
}

function refuse(response: ServerResponse): void {
  const body = JSON.stringify({ code: 400, title: 'Bad Request', description: '' });
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length, Connection: 'close' };
  response.writeHead(400, headers).end(body);
}

const PARSER_STATUS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_INVALID_METHOD: [405, 'Method Not Allowed'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** What the HTTP parser itself refuses never reaches the application; it gets the API's error shape all the same. */
function refuseUnparsable(error: NodeJS.ErrnoException, stream: NodeJS.WritableStream): void {
  const socket = stream as Socket;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, title] = PARSER_STATUS[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify({ code, title, description: '' });
  const head = [
    `HTTP/1.1 ${code} ${title}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
}
