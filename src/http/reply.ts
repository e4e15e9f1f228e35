import type { Context } from 'koa';
import type { Reply } from './route.ts';

/** Writes a reply. Bytes are wiped once the socket has them. */
export function send(ctx: Context, reply: Reply): void {
  ctx.status = reply.status;
  for (const [name, value] of Object.entries(reply.headers ?? {})) ctx.set(name, value);
  if (reply.body === undefined) return;
  if (Buffer.isBuffer(reply.body))
    return sendBytes(ctx, reply.body, reply.type ?? 'application/octet-stream');
  sendJson(ctx, reply.body);
}

/** Without a charset parameter: clients compare the type for equality. */
export function sendJson(ctx: Context, body: unknown): void {
  ctx.body = JSON.stringify(body);
  ctx.set('Content-Type', 'application/json');
}

function sendBytes(ctx: Context, bytes: Buffer, type: string): void {
  ctx.body = bytes;
  ctx.set('Content-Type', type);
  ctx.res.once('close', () => bytes.fill(0));
}
