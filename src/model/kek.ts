import type { KekId, ProjectId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

/** `active` seals and opens, at most one per store and project; `retired` opens only; `destroyed` has lost its bytes. */
export type KekState = 'active' | 'retired' | 'destroyed';

/** A project's key-encrypting key, wrapped by a root key (KBK1). */
export interface KekRecord {
  readonly id: KekId;
  readonly store: string;
  readonly projectId: ProjectId;
  readonly version: number;
  readonly state: KekState;
  readonly rootKey: string;
  /** Null exactly when destroyed. */
  readonly wrapped: Buffer | null;
  /** How often it sealed; behind by what each process has not reported yet. */
  readonly uses: number;
  readonly createdAt: Timestamp;
  readonly retiredAt: Timestamp | null;
  readonly destroyedAt: Timestamp | null;
}

/** A KEK as a root key wraps it. */
export interface WrappedByRoot {
  /** Of the root key. */
  readonly rootKey: string;
  /** KBK1. */
  readonly wrapped: Buffer;
}

export type NewKek = Pick<KekRecord, 'id' | 'store' | 'projectId' | 'version' | 'createdAt'> & WrappedByRoot;
