import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import { containerAclRoutes, secretAclRoutes } from './acls/routes.ts';
import { auditEvent } from './audit-event.ts';
import { answerError } from './boundary.ts';
import { containerRoutes } from './containers/routes.ts';
import { corsHeaders } from './cors.ts';
import { healthcheck } from './healthcheck.ts';
import { linkBase } from './links.ts';
import { metadataRoutes } from './metadata/routes.ts';
import { openApiDocument } from './openapi.ts';
import { orderRoutes } from './orders/routes.ts';
import { isUnder, normalisedPath } from './path.ts';
import { serve, type Progress, type Resource } from './pipeline.ts';
import { projectStoreRoutes } from './project-stores/routes.ts';
import { quotaRoutes } from './quotas/routes.ts';
import { ready } from './ready.ts';
import { sendJson } from './reply.ts';
import type { Route } from './route.ts';
import { secretConsumerRoutes } from './secret-consumers/routes.ts';
import { secretStoreRoutes } from './secret-stores/routes.ts';
import { secretRoutes } from './secrets/routes.ts';
import type { Services } from './services.ts';
import { transportKeyRoutes } from './transport-keys/routes.ts';
import { discover } from './versions/discovery.ts';
import { versionRoutes } from './versions/routes.ts';

export const ROUTES: readonly Route[] = [
  ...versionRoutes,
  ...secretRoutes,
  ...metadataRoutes,
  ...containerRoutes,
  ...secretAclRoutes,
  ...containerAclRoutes,
  ...secretConsumerRoutes,
  ...orderRoutes,
  ...quotaRoutes,
  ...projectStoreRoutes,
  ...secretStoreRoutes,
  ...transportKeyRoutes,
];

/** The whole service as a Koa application. */
export function createApp(services: Services): Koa {
  const app = new Koa();
  const router = createRouter(services);
  app.use((ctx, next) => boundary(services, ctx, next));
  app.use((ctx, next) => outside(services, ctx, next));
  app.use(router.routes());
  app.use((ctx) => serve(services, ctx, undefined));
  // What reaches Koa itself is a broken connection; the boundary has answered everything else.
  app.on('error', () => undefined);
  return app;
}

/** The routes, one resource a path: 405 needs to know them all. */
function createRouter(services: Services): Router {
  const router = new Router({ sensitive: true, strict: true });
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    const resource: Resource = { path, routes: ROUTES.filter((route) => route.path === path) };
    router.all(path, (ctx: Context) => serve(services, ctx, resource));
  }
  return router;
}

async function boundary(services: Services, ctx: Context, next: Next): Promise<void> {
  ctx.path = normalisedPath(ctx.path);
  ctx.state['api'] = isUnder(ctx.path, '/v1');
  if (ctx.path === '/healthcheck') return healthcheck(services, ctx);
  if (ctx.path === '/ready') return ready(services, ctx);
  corsHeaders(ctx, services.cors);
  if (ctx.method === 'OPTIONS') return emptyAnswer(ctx);
  const progress: Progress = {
    requestId: `req-${randomUUID()}`,
    startedMs: performance.now(),
    operation: 'Request',
    path: undefined,
    identity: undefined,
    event: undefined,
  };
  ctx.state['progress'] = progress;
  ctx.set('x-openstack-request-id', progress.requestId);
  ctx.state['globalRequestId'] = globalRequestId(ctx);
  try {
    await next();
  } catch (error) {
    answerError(services, ctx, progress, error);
  }
  recordOutcome(services, ctx, progress);
}

const DESCRIPTION = openApiDocument(ROUTES);

/** Version discovery, the description of the API, and everything else that is not the API proper. */
function outside(services: Services, ctx: Context, next: Next): Promise<void> {
  if (isUnder(ctx.path, '/v1')) return next() as Promise<void>;
  if (ctx.path === '/openapi.json' && ctx.method === 'GET') {
    ctx.status = 200;
    sendJson(ctx, { ...DESCRIPTION, servers: [{ url: linkBase(ctx.req, services.links) }] });
  } else discover(services, ctx);
  return Promise.resolve();
}

function emptyAnswer(ctx: Context): void {
  ctx.status = 200;
  ctx.body = '';
  ctx.remove('Content-Type');
}

const GLOBAL_ID = /^req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of the request that made another service call us: logged, never echoed. */
function globalRequestId(ctx: Context): string | undefined {
  const sent = ctx.get('x-openstack-request-id');
  return GLOBAL_ID.test(sent) ? sent : undefined;
}

function recordOutcome(services: Services, ctx: Context, progress: Progress): void {
  if (progress.path === undefined) return;
  const durationMs = Math.round((performance.now() - progress.startedMs) * 1000) / 1000;
  services.audit.outcome(progress.event ?? auditEvent(progress, ctx), { status: ctx.status, durationMs });
}
