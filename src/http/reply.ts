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
  // The type first: Koa would look for one.
  ctx.set('Content-Type', 'application/json');
  ctx.body = JSON.stringify(body);
}

function sendBytes(ctx: Context, bytes: Buffer, type: string): void {
  ctx.set('Content-Type', type);
  ctx.body = bytes;
  ctx.res.once('close', () => bytes.fill(0));
}
