import type { Timestamp } from './timestamp.ts';

export type RunId = string & { readonly brand: 'RunId' };
export const runId = (text: string): RunId => text as RunId;

export type RunKind = 'move' | 'rotation';

/**
 * `open`: somebody is at it, or it waits to be resumed. `paused`: an operator stopped it. `undoing`: what it did is taken
 * back. `kept`: all is moved, and the old copies wait for a word. `done` and `undone` are ends.
 */
export type RunState = 'open' | 'paused' | 'undoing' | 'kept' | 'done' | 'undone';

/** A long piece of work that an operator asked for: killed at any point, another process goes on with it. */
export interface Run {
  readonly id: RunId;
  readonly kind: RunKind;
  /** What was asked for, as JSON; its shape is the kind's. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly state: RunState;
  /** `host:pid` of the process that is at it. */
  readonly holder: string | null;
  readonly heartbeatAt: Timestamp | null;
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}
