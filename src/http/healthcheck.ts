import { access } from 'node:fs/promises';
import type { Context } from 'koa';
import { preferred } from './accept.ts';
import { sendJson } from './reply.ts';
import type { Services } from './services.ts';

const FORMS = ['text/plain', 'application/json', 'text/html'];

/** `/healthcheck`, as load balancers probe it: no credentials, no API headers, any method. */
export async function healthcheck(services: Services, ctx: Context): Promise<void> {
  const disabled = await isOutOfService(services);
  const reason = disabled ? 'DISABLED BY FILE' : 'OK';
  ctx.status = disabled ? 503 : 200;
  if (ctx.method === 'HEAD') {
    ctx.status = disabled ? 503 : 204;
    ctx.body = null;
    if (disabled) ctx.status = 503;
    return;
  }
  const form = preferred(ctx.req.headers.accept, FORMS) ?? 'text/plain';
  if (form === 'application/json') return sendJson(ctx, { detailed: false, reasons: [reason] });
  ctx.body =
    form === 'text/html' ? `<HTML><BODY><TABLE><TR><TD>${reason}</TD></TR></TABLE></BODY></HTML>` : reason;
  ctx.set('Content-Type', `${form}; charset=UTF-8`);
}

/** An operator takes the process out by creating a file. */
export async function isOutOfService({
  healthcheckDisableFile: file,
}: Pick<Services, 'healthcheckDisableFile'>): Promise<boolean> {
  return file !== null && (await exists(file));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
