import type { Context } from 'koa';
import { MethodNotAllowed, NotAcceptable, NotFound } from '../../errors.ts';
import { preferred } from '../accept.ts';
import { linkBase } from '../links.ts';
import { negotiateMicroversion, presentMicroversion } from '../microversion.ts';
import { sendJson } from '../reply.ts';
import type { Services } from '../services.ts';
import { versionList } from './document.ts';

const FORMS = ['application/json', 'application/json-home'];

/** `GET /`: what the service speaks, told to anyone. Everything else outside `/v1` is 404. */
export function discover(services: Services, ctx: Context): void {
  const header = ctx.req.headers['openstack-api-version'];
  const asked = negotiateMicroversion(header?.toString(), services.maxMicroversion);
  ctx.set('OpenStack-API-Version', `key-manager ${presentMicroversion(asked)}`);
  ctx.vary('OpenStack-API-Version');
  const form = preferred(ctx.req.headers.accept, FORMS);
  if (ctx.path === '/' && ctx.method !== 'GET') throw new MethodNotAllowed('', { headers: { Allow: 'GET' } });
  if (form === undefined) throw new NotAcceptable('');
  if (ctx.path !== '/') throw new NotFound('The resource could not be found.');
  const base = linkBase(ctx.req, services.links);
  if (form === 'application/json-home') return redirect(ctx, `${base}/v1/`);
  if (new URLSearchParams(ctx.querystring).has('build')) {
    ctx.status = 200;
    return sendJson(ctx, { build: services.version });
  }
  ctx.status = 300;
  sendJson(ctx, versionList(base, asked, services.maxMicroversion));
}

function redirect(ctx: Context, to: string): void {
  ctx.status = 302;
  ctx.set('Location', to);
}
