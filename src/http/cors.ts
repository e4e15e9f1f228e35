import type { Context } from 'koa';
import type { CorsOptions } from './services.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];
const HEADERS = [
  'X-Auth-Token',
  'X-Openstack-Request-Id',
  'X-Project-Id',
  'X-Identity-Status',
  'X-User-Id',
  'X-Storage-Token',
  'X-Domain-Id',
  'X-User-Domain-Id',
  'X-Project-Domain-Id',
  'X-Roles',
];
/** Browsers send these without asking, or the application may set them by the specification. */
const SIMPLE_HEADERS = [
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'cache-control',
  'expires',
];
const ALLOWED = new Set([...HEADERS.map((name) => name.toLowerCase()), ...SIMPLE_HEADERS]);
const MAX_AGE_SECONDS = '3600';

/** A preflight is answered by the caller with an empty 200 whatever comes of this; here it gets its headers or none. */
export function corsHeaders(ctx: Context, { allowedOrigins }: CorsOptions): void {
  const origin = ctx.req.headers.origin;
  if (origin === undefined || !(allowedOrigins.includes(origin) || allowedOrigins.includes('*'))) return;
  if (ctx.method === 'OPTIONS' && !admitsPreflight(ctx)) return;
  ctx.set('Access-Control-Allow-Origin', origin);
  ctx.set('Access-Control-Allow-Credentials', 'true');
  ctx.vary('Origin');
  if (ctx.method !== 'OPTIONS') return ctx.set('Access-Control-Expose-Headers', HEADERS.join(','));
  ctx.set('Access-Control-Max-Age', MAX_AGE_SECONDS);
  ctx.set('Access-Control-Allow-Methods', ctx.get('access-control-request-method'));
  const asked = ctx.get('access-control-request-headers');
  if (asked !== '') ctx.set('Access-Control-Allow-Headers', asked);
}

function admitsPreflight(ctx: Context): boolean {
  const asked = ctx.get('access-control-request-headers').split(',');
  const names = asked.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  return (
    METHODS.includes(ctx.get('access-control-request-method')) && names.every((name) => ALLOWED.has(name))
  );
}
