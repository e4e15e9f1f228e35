import type { Identity } from '../model/principal.ts';
import type { Target } from '../model/target.ts';

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

export function policyInput(question: Question): PolicyInput {
  return { schema: 1, action: question.action };
}
