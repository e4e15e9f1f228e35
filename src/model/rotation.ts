import type { ProjectId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

/**
 * `master`: every KEK gets under the first master key. `project`: every project gets a new KEK, and its payloads get under
 * it. `payload`: every payload is sealed again.
 */
export const ROTATION_LEVELS = ['master', 'project', 'payload'] as const;
export type RotationLevel = (typeof ROTATION_LEVELS)[number];

/** Which keys are replaced. */
export interface RotationSpec {
  /** Name of a configured store that seals. */
  readonly store: string;
  readonly level: RotationLevel;
  /** All of the store's projects without it. */
  readonly project?: ProjectId | undefined;
  /** Keys that are older than this are old: whoever goes on with the work goes on with the same ones. */
  readonly since: Timestamp;
  /** The master keys that wrapped the KEKs when it began. */
  readonly from: readonly string[];
  /** The master key that wraps them afterwards, if that is what is asked for, and new ones in any case. */
  readonly to: string;
}

/** What came of a rotation. */
export interface RotationReport {
  /** KEKs and payloads under new keys. */
  readonly done: number;
  /** There was nothing to do, or it is gone. */
  readonly skipped: number;
  /** Under old keys still. */
  readonly failed: number;
  /** The first of those that failed, in an operator's words. */
  readonly failures: readonly string[];
  readonly endedAt?: Timestamp;
}
