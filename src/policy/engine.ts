import type { PolicyInput } from './input.ts';

/** A condition on rows, compiled to SQL by the repositories. Fields and operators are an allow-list there. */
export type FilterNode =
  | { readonly type: 'field'; readonly operator: string; readonly field: string; readonly value: unknown }
  | {
      readonly type: 'compound';
      readonly operator: 'and' | 'or' | 'not';
      readonly value: readonly FilterNode[];
    }
  | { readonly type: 'const'; readonly value: boolean };

export interface Reason {
  readonly code: string;
  readonly detail?: string;
}

/** What the policy attached to its answer. A key we do not know is a denial before it gets here. */
export interface Obligations {
  /** Answer a denial as 404, with the body of an unknown id. */
  readonly conceal?: boolean;
  /** Write the new payload to the store of this name, or to one of these: at least one, by preference. */
  readonly store?: string | readonly string[];
  /** Leave these fields out of what is presented. */
  readonly redact?: readonly string[];
  /** `sync`: the audit intent is durable before the work begins. */
  readonly audit?: 'normal' | 'full' | 'sync';
  /** Sent to the client as `X-Policy-Warning`. */
  readonly warn?: string;
}

export interface Decision {
  readonly id: string;
  readonly allow: boolean;
  /** Stable codes; for the audit, never for the caller. At least one. */
  readonly reasons: readonly Reason[];
  /** Required on list actions, null elsewhere. */
  readonly filter: FilterNode | null;
  readonly obligations: Obligations;
  /** Revision of the bundle that decided. */
  readonly revision: string;
}

export interface PolicyEngine {
  readonly revision: string;
  /** Which of the original's generations of rules the data chose. */
  readonly mode: string;
  /** Always a decision, never an exception: whatever goes wrong is a denial with a reason code of its own. */
  decide(input: PolicyInput): Promise<Decision>;
  close(): Promise<void>;
}
