import type { RunId } from './run.ts';
import type { SecretHeader, SecretType } from './secret.ts';
import type { ProjectId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

/** Which secrets move, and where to. */
export interface MoveSpec {
  /** Name of a configured store. */
  readonly to: string;
  readonly from?: string | undefined;
  readonly project?: ProjectId | undefined;
  readonly type?: SecretType | undefined;
  readonly algorithm?: string | undefined;
  /** Old copies stay until an operator says otherwise. */
  readonly keep: boolean;
  /** What is moved by now is all: the old copies go. */
  readonly finishing?: boolean;
}

/**
 * `copying`: a copy is made at `toStore`; nothing refers to it. `moved`: the secret is at `toStore`, and its old copy still
 * at `fromStore`. Three ways out, each with one copy to destroy that nothing refers to any more: `destroying` (the old
 * one), `returned` (the new one: the secret went back), `abandoning` (the new one: the secret never left). The rest are
 * ends: `done`, `undone`, `abandoned` (the secret was deleted, or changed), `failed`.
 */
export type ReceiptState =
  'copying' | 'moved' | 'destroying' | 'returned' | 'abandoning' | 'done' | 'undone' | 'abandoned' | 'failed';

/** What became of one secret in a move. While it has not ended, the secret is in no other move. */
export interface Receipt {
  readonly id: string;
  /** Null: in no move; an extra copy that is cleared away. */
  readonly runId: RunId | null;
  /** Enough to destroy a copy when the secret itself is gone. */
  readonly secret: SecretHeader;
  readonly fromStore: string;
  readonly fromRef: string | null;
  readonly toStore: string;
  /** Null until the copy is verified. */
  readonly toRef: string | null;
  readonly state: ReceiptState;
  /** In an operator's words; never a payload. */
  readonly error: string | null;
  /** Grows with everyone who takes the receipt: what others began with it before comes to nothing. */
  readonly attempt: number;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly movedAt: Timestamp | null;
  readonly endedAt: Timestamp | null;
}
