import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';

/** A header section or a body that takes longer than this is an attack or a dead peer. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the usual load balancer's 60 s, so that it is the one who closes an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export function createHttpServer(app: Koa): Server {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    app.callback(),
  );
  server.on('clientError', refuseUnparsable);
  return server;
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
  const head = [`HTTP/1.1 ${code} ${title}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
}
