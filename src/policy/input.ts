import type { Identity } from '../model/principal.ts';
import type { Target } from '../model/target.ts';
import { principalInput, serviceInput } from './input-principal.ts';
import { targetInput } from './input-target.ts';

/** What a request tells the policy about itself. */
export interface RequestFacts {
  readonly id: string;
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** The route's template, `/v1/secrets/:id`. */
  readonly route: string;
  readonly microversion: string | null;
  readonly sourceIp: string;
  readonly userAgent: string | null;
}

/** A store as the policy sees it. */
export interface StoreFacts {
  readonly kind: string;
  readonly classes: readonly string[];
  readonly acceptsNew: boolean;
  readonly healthy: boolean;
  readonly default: boolean;
}

export interface EnvironmentFacts {
  readonly stores: Readonly<Record<string, StoreFacts>>;
  /** The store assigned to the caller's project, if any. */
  readonly preferredStore: string | null;
  /** Which generation the data chose; only shown, the rules read their own data. */
  readonly mode?: string;
  readonly region?: string | null;
  readonly instance?: string | null;
  readonly maintenance?: boolean;
}

/** All a decision is made from. `nowMs`: milliseconds since the epoch, taken once per request. */
export interface Question {
  readonly action: string;
  readonly identity: Identity;
  readonly target: Target;
  readonly request: RequestFacts;
  readonly environment: EnvironmentFacts;
  readonly nowMs: number;
}

/** The documented, versioned document (schema 1) that the Rego rules see; see `policies/schema/input.json`. */
export type PolicyInput = Readonly<Record<string, unknown>> & { readonly schema: 1; readonly action: string };

const MILLISECONDS_PER_SECOND = 1000;
const MILLISECONDS_PER_MINUTE = 60_000;
const MINUTES_PER_DAY = 1440;
/** The epoch began on a Thursday; Sunday is 0. */
const WEEKDAY_OF_EPOCH = 4;
/** The header is the client's to fill; a rule needs its beginning. */
const MAX_USER_AGENT_BYTES = 256;

/** The only place that builds what a policy sees: every field named here, all always present, nothing passed through. */
export function policyInput(question: Question): PolicyInput {
  const { identity, request } = question;
  return {
    schema: 1,
    action: question.action,
    now: timeInput(question.nowMs),
    principal: principalInput(identity.principal),
    service: identity.service === null ? null : serviceInput(identity.service),
    target: targetInput(question),
    request: {
      id: request.id,
      protocol: 'http',
      method: request.method,
      path: request.path,
      route: request.route,
      microversion: request.microversion,
      source_ip: request.sourceIp,
      tls: null,
      user_agent: request.userAgent === null ? null : firstBytes(request.userAgent, MAX_USER_AGENT_BYTES),
      dry_run: false,
    },
    env: environmentInput(question.environment),
  };
}

function timeInput(nowMs: number): unknown {
  const minutes = Math.floor(nowMs / MILLISECONDS_PER_MINUTE);
  return {
    rfc3339: new Date(nowMs).toISOString(),
    unix_s: Math.floor(nowMs / MILLISECONDS_PER_SECOND),
    weekday: (Math.floor(minutes / MINUTES_PER_DAY) + WEEKDAY_OF_EPOCH) % 7,
    minute_of_day: minutes % MINUTES_PER_DAY,
  };
}

function environmentInput(environment: EnvironmentFacts): unknown {
  return {
    mode: environment.mode ?? null,
    stores: storesInput(environment.stores),
    preferred_store: environment.preferredStore,
    region: environment.region ?? null,
    instance: environment.instance ?? null,
    maintenance: environment.maintenance ?? false,
  };
}

function storesInput(stores: EnvironmentFacts['stores']): unknown {
  const input: Record<string, unknown> = {};
  for (const name of Object.keys(stores)) {
    const store = stores[name];
    if (store === undefined) continue;
    input[name] = {
      kind: store.kind,
      classes: store.classes,
      accepts_new: store.acceptsNew,
      healthy: store.healthy,
      supports: [],
      default: store.default,
    };
  }
  return input;
}

function firstBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  // A character cut in two decodes to a replacement mark, which was never sent.
  return Buffer.from(text)
    .subarray(0, limit)
    .toString()
    .replace(/\uFFFD$/, '');
}
