import type { Context } from 'koa';
import type { AuditEvent } from '../audit/audit.ts';
import { BadRequest, BrokerError, Denied, MethodNotAllowed, NotFound } from '../errors.ts';
import { identify } from '../identity/identify.ts';
import { projectId, type ProjectId } from '../model/ids.ts';
import type { Identity } from '../model/principal.ts';
import type { Target } from '../model/target.ts';
import { toMillis, type Timestamp } from '../model/timestamp.ts';
import type { Decision } from '../policy/engine.ts';
import { policyInput } from '../policy/input.ts';
import { requireJson } from './accept.ts';
import { auditEvent, withReply } from './audit-event.ts';
import { readBody, type ReadBody } from './body.ts';
import { environmentFacts, requestFacts } from './facts.ts';
import { linkBase } from './links.ts';
import { negotiateMicroversion, presentMicroversion, type Microversion } from './microversion.ts';
import { notServed, requireDecodable } from './path.ts';
import { redacted } from './redact.ts';
import { send } from './reply.ts';
import type { Lookup, RawInput, Reply, Route } from './route.ts';
import type { Services } from './services.ts';

/** The routes of one path; none: nothing is served there. */
export interface Resource {
  readonly path: string;
  readonly routes: readonly Route[];
}

/** What is known of a request so far; the boundary's log line and the audit's outcome read it. */
export interface Progress {
  readonly requestId: string;
  readonly startedMs: number;
  operation: string;
  /** The template of the path, `none` where nothing is served; undefined: not the API proper, which the audit leaves out. */
  path: string | undefined;
  identity: Identity | undefined;
  /** The intent, once the policy has decided. */
  event: AuditEvent | undefined;
}

/**
 * One request, left to right. The only caller of a handler. The order decides which refusal a caller sees first, and is
 * the original's: credentials, version, object, method, Accept, policy, body.
 */
export async function serve(services: Services, ctx: Context, resource: Resource | undefined): Promise<void> {
  const progress = ctx.state['progress'] as Progress;
  progress.path = resource?.path ?? 'none';
  const identity = await identify(services.identity, credentialsOf(ctx));
  const caller = callerProject(identity);
  progress.identity = identity;
  const microversion = acceptVersion(services, ctx);
  requireDecodable(ctx.path);
  if (resource === undefined) throw notServed(ctx.method, ctx.path);

  const now = services.clock();
  const route = chooseRoute(resource, ctx.method, header(ctx, 'accept'));
  progress.operation = route?.operation ?? progress.operation;
  const found = await find(services, resource, route, {
    params: paramsOf(ctx),
    identity,
    projectId: caller,
    now,
  });
  if (route === undefined) throw methodNotAllowed(resource);
  if (route.answers === 'json') requireJson(header(ctx, 'accept'));

  const parsed = await parse(services, ctx, route, microversion, now);
  const target = route.target(found, 'input' in parsed ? parsed.input : undefined);
  const question: Asked = { services, ctx, route, progress, identity, microversion, target, now, caller };
  const decision = await decide(question);
  if ('error' in parsed) throw parsed.error;

  const call = { found, input: parsed.input, identity, projectId: caller, decision, microversion, now };
  const reply = await route.handle(services, { ...call, base: linkBase(ctx.req, services.links) });
  finish(ctx, progress, decision, reply);
}

/** Keystone's ids have 64 characters at most. Ones beyond all reason fit no index row in PostgreSQL. */
const MAX_ID_CHARACTERS = 255;

function callerProject({ principal: { project, user } }: Identity): ProjectId {
  const id = project?.id ?? '';
  if (id.length <= MAX_ID_CHARACTERS && user.id.length <= MAX_ID_CHARACTERS) return projectId(id);
  throw new BadRequest('', { detail: 'the id of the user or of the project is too long' });
}

interface Asked {
  readonly services: Services;
  readonly ctx: Context;
  readonly route: Route;
  readonly progress: Progress;
  readonly identity: Identity;
  readonly microversion: Microversion;
  readonly target: Target;
  readonly now: Timestamp;
  readonly caller: ProjectId;
}

/** Asks the policy and records the intent; returns only if the request may go on. */
async function decide(asked: Asked): Promise<Decision> {
  const { services, ctx, route, progress, identity, target } = asked;
  const decision = await services.policy.decide(
    policyInput({
      action: route.action,
      identity,
      target,
      request: requestFacts(ctx, progress.requestId, route, asked.microversion),
      environment: await environmentFacts(services, asked.caller),
      nowMs: toMillis(asked.now),
    }),
  );
  progress.event = auditEvent(progress, ctx, { target, action: route.action, decision });
  await services.audit.intent(progress.event, { durable: decision.obligations.audit === 'sync' });
  if (!decision.allow) throw refusal(route, decision);
  if (decision.obligations.warn !== undefined)
    ctx.set('X-Policy-Warning', printable(decision.obligations.warn));
  return decision;
}

/** A header holds no line break and nothing beyond ASCII (RFC 9110 section 5.5); a warning is not worth a refusal. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');

/** A concealed refusal is, to the letter, the answer to an unknown id: no decision id either. */
function refusal(route: Route, decision: Decision): BrokerError {
  const detail = decision.reasons.map((reason) => reason.code).join(' ');
  if (decision.obligations.conceal === true) return new NotFound(route.missing, { detail });
  return new Denied('', { detail, headers: { 'X-Policy-Decision': decision.id } });
}

function acceptVersion(services: Services, ctx: Context): Microversion {
  const microversion = negotiateMicroversion(header(ctx, 'openstack-api-version'), services.maxMicroversion);
  ctx.set('OpenStack-API-Version', `key-manager ${presentMicroversion(microversion)}`);
  ctx.vary('OpenStack-API-Version');
  return microversion;
}

function chooseRoute(resource: Resource, method: string, accept: string | undefined): Route | undefined {
  const verb = method.toLowerCase();
  const own = resource.routes.find((route) => route.method === verb && (route.when?.(accept) ?? true));
  return own ?? resource.routes.find((route) => route.method === '*');
}

/** Loading comes before the method is looked at: an unknown id is 404 whatever is tried on it. */
function find(
  services: Services,
  resource: Resource,
  route: Route | undefined,
  lookup: Omit<Lookup, 'withPayload'>,
): Promise<unknown> {
  const loader = (route ?? resource.routes[0])?.find;
  if (loader === undefined) throw new NotFound('');
  return loader(services, { ...lookup, withPayload: route?.revealsPayload ?? false });
}

function methodNotAllowed(resource: Resource): BrokerError {
  const methods = new Set(
    resource.routes.map((route) => route.method.toUpperCase()).filter((method) => method !== '*'),
  );
  return new MethodNotAllowed('', { headers: { Allow: [...methods].sort().join(', ') } });
}

type Parsed = { readonly input: unknown } | { readonly error: BrokerError };

/** A caller without rights who sends garbage learns 403, so what is wrong with the request waits for the decision. */
async function parse(
  services: Services,
  ctx: Context,
  route: Route,
  microversion: Microversion,
  now: Timestamp,
): Promise<Parsed> {
  const body = await bodyOf(services, ctx, route);
  try {
    return { input: route.parse({ ...rawInput(ctx), body, microversion, now, limits: services.limits }) };
  } catch (error) {
    if (error instanceof BrokerError) return { error };
    throw error;
  }
}

const NO_BODY: ReadBody = { bytes: Buffer.alloc(0), tooLarge: false };

function bodyOf(services: Services, ctx: Context, route: Route): ReadBody | Promise<ReadBody> {
  const { maxSecretBytes, maxRequestBytes } = services.limits;
  if (route.reads === undefined) return NO_BODY;
  return readBody(ctx.req, route.reads === 'payload' ? maxSecretBytes : maxRequestBytes);
}

function rawInput(ctx: Context): Omit<RawInput, 'body' | 'microversion' | 'now' | 'limits'> {
  return {
    params: paramsOf(ctx),
    query: ctx.querystring === '' ? {} : Object.fromEntries(new URLSearchParams(ctx.querystring)),
    accept: header(ctx, 'accept'),
    contentType: header(ctx, 'content-type'),
    contentEncoding: header(ctx, 'content-encoding'),
  };
}

function finish(ctx: Context, progress: Progress, decision: Decision, reply: Reply): void {
  if (progress.event !== undefined) progress.event = withReply(progress.event, reply);
  send(ctx, redacted(reply, decision.obligations.redact));
}

const paramsOf = (ctx: Context): Readonly<Record<string, string>> => ctx['params'] as Record<string, string>;

/** A header as one text; Node joins repeated ones. */
function header(ctx: Context, name: string): string | undefined {
  const value = ctx.req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function credentialsOf(ctx: Context): Parameters<typeof identify>[1] {
  const headers = ctx.req.headers as Readonly<Record<string, string | undefined>>;
  return { headers, method: ctx.method, path: (ctx.req.url ?? '/').split('?')[0] ?? '/' };
}
