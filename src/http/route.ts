import type { ProjectId } from '../model/ids.ts';
import type { PlacedBy } from '../model/placement.ts';
import type { Identity } from '../model/principal.ts';
import type { Target } from '../model/target.ts';
import type { Timestamp } from '../model/timestamp.ts';
import type { Decision } from '../policy/engine.ts';
import type { ReadBody } from './body.ts';
import type { Contract } from './contract.ts';
import type { Microversion } from './microversion.ts';
import type { Services } from './services.ts';

/** `*`: every method that has no route of its own at this path. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | '*';

/** What addresses an object: enough to load it and the facts about it that concern this caller. */
export interface Lookup {
  readonly params: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly projectId: ProjectId;
  readonly now: Timestamp;
  /** The route will hand out the payload: sealed bytes may be read along. */
  readonly withPayload: boolean;
}

/** The request as bytes and text, before anything in it is believed. */
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  /** Of a parameter given twice the last value counts. */
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: ReadBody;
  readonly microversion: Microversion;
  readonly now: Timestamp;
  readonly limits: Limits;
}

export interface Limits {
  /** In bytes, of a payload as transmitted. */
  readonly maxSecretBytes: number;
  /** In bytes, of a JSON body. */
  readonly maxRequestBytes: number;
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

/** A request that was allowed, as a handler sees it. */
export interface Call<Found, Input> {
  readonly found: Found;
  readonly input: Input;
  readonly identity: Identity;
  readonly projectId: ProjectId;
  readonly decision: Decision;
  readonly microversion: Microversion;
  /** What links begin with. */
  readonly base: string;
  readonly now: Timestamp;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or bytes that go out as they are and are wiped afterwards; absent: no body. */
  readonly body?: unknown;
  /** Of `body` if it is bytes. */
  readonly type?: string;
  /** The store that holds or got the payload, for the audit. */
  readonly store?: string | null;
  /** Who chose that store, if this request did choose one; for the audit. */
  readonly placedBy?: PlacedBy;
  /** What the request made, for the audit. */
  readonly created?: { readonly id: string; readonly projectId: string };
}

/** An endpoint is data. Without an action it does not compile: the pipeline asks the policy about every request. */
export interface Route<Found = unknown, Input = unknown> {
  readonly method: Method;
  readonly path: string;
  readonly action: string;
  /** The API's name for it, as refusals show it: "Secret creation". */
  readonly operation: string;
  /** Tells two routes of one method and path apart before anything is loaded. */
  readonly when?: (accept: string | undefined) => boolean;
  /** `json`: the answer is JSON, and 406 comes before the policy is asked. */
  readonly answers: 'json' | 'any';
  /** How much of the body is read: nothing, a JSON document, or a payload. */
  readonly reads?: 'json' | 'payload';
  readonly revealsPayload?: boolean;
  /** Loads what the path addresses; throws `NotFound`. Shared by all routes of a path. */
  readonly find: (services: Services, lookup: Lookup) => Promise<Found>;
  /** Throws 4xx. Its errors are held back until the policy has said yes. */
  readonly parse: (raw: RawInput) => Input;
  /** What the policy is asked about. `input` is undefined if the request could not be parsed. */
  readonly target: (found: Found, input: Input | undefined) => Target;
  /** What a concealed refusal says: exactly what an unknown id says. */
  readonly missing: string;
  /** What the OpenAPI description says of it; absent where the answer is always a refusal of the method. */
  readonly contract?: Contract;
  readonly handle: (services: Services, call: Call<Found, Input>) => Promise<Reply>;
}

/** Checks a route's parts against each other, then forgets the types that only they share. */
export function route<Found, Input>(definition: Route<Found, Input>): Route {
  return definition as unknown as Route;
}

/** For routes that take nothing from the request but its path. */
export const nothing = (): undefined => undefined;
