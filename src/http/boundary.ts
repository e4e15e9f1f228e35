import type { Context } from 'koa';
import { BrokerError, InternalError } from '../errors.ts';
import { errorFields } from '../log.ts';
import { sendErrorPage } from './error-page.ts';
import type { Progress } from './pipeline.ts';
import { sendJson } from './reply.ts';
import type { Services } from './services.ts';

/** Seconds after which asking again makes sense when something behind us is away. */
const RETRY_AFTER_SECONDS = '5';

/** The one place where errors become answers. The class carries the status; anything else thrown is a plain 500. */
export function answerError(services: Services, ctx: Context, progress: Progress, thrown: unknown): void {
  const error = thrown instanceof BrokerError ? thrown : new InternalError('', { cause: thrown });
  if (error.status >= 500) logFailure(services, ctx, progress, error, thrown);
  for (const name of ['Content-Encoding', 'Last-Modified', 'ETag']) ctx.remove(name);
  ctx.status = error.status;
  if (error.status === 503) ctx.set('Retry-After', RETRY_AFTER_SECONDS);
  for (const [name, value] of Object.entries(error.headers)) ctx.set(name, value);
  const body = error.body(progress.operation);
  if (ctx.state['api'] === true) sendJson(ctx, body);
  else sendErrorPage(ctx, body);
}

function logFailure(
  services: Services,
  ctx: Context,
  progress: Progress,
  error: BrokerError,
  thrown: unknown,
): void {
  const { event, path } = progress;
  services.log.error('request failed', {
    request_id: progress.requestId,
    status: error.status,
    ...(path === undefined ? {} : { route: path, action: event?.action ?? 'none' }),
    ...(ctx.state['globalRequestId'] === undefined
      ? {}
      : { global_request_id: String(ctx.state['globalRequestId']) }),
    ...errorFields(thrown instanceof Error ? thrown : error),
  });
}
