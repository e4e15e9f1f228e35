import { projectId, secretId } from '../model/ids.ts';
import type { Receipt, ReceiptState } from '../model/move.ts';
import { runId, type RunId } from '../model/run.ts';
import type { SecretHeader, SecretType } from '../model/secret.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';

/** A row of `move_receipts`, as both databases return it. */
export interface ReceiptRow {
  readonly id: string;
  readonly run_id: string | null;
  readonly secret_id: string;
  readonly project_id: string;
  readonly secret_type: string;
  readonly algorithm: string | null;
  readonly bit_length: number | null;
  readonly mode: string | null;
  readonly from_store: string;
  readonly from_ref: string | null;
  readonly to_store: string;
  readonly to_ref: string | null;
  readonly state: string;
  readonly error: string | null;
  readonly attempt: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly moved_at: string | null;
  readonly ended_at: string | null;
}

interface NewReceipt {
  readonly id: string;
  readonly runId: RunId | null;
  readonly secret: SecretHeader;
  readonly toStore: string;
  readonly state: ReceiptState;
  readonly now: Timestamp;
}

export function toReceiptRow({ id, runId: run, secret, toStore, state, now }: NewReceipt): ReceiptRow {
  return {
    id,
    run_id: run,
    secret_id: secret.id,
    project_id: secret.projectId,
    secret_type: secret.secretType,
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    from_store: '',
    from_ref: null,
    to_store: toStore,
    to_ref: null,
    state,
    error: null,
    attempt: 1,
    created_at: now,
    updated_at: now,
    moved_at: null,
    ended_at: null,
  };
}

export function toReceipt(row: ReceiptRow): Receipt {
  return {
    id: row.id,
    runId: row.run_id === null ? null : runId(row.run_id),
    secret: {
      id: secretId(row.secret_id),
      projectId: projectId(row.project_id),
      secretType: row.secret_type as SecretType,
      algorithm: row.algorithm,
      bitLength: row.bit_length,
      mode: row.mode,
    },
    fromStore: row.from_store,
    fromRef: row.from_ref,
    toStore: row.to_store,
    toRef: row.to_ref,
    state: row.state as ReceiptState,
    error: row.error,
    attempt: row.attempt,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
    movedAt: timeOf(row.moved_at),
    endedAt: timeOf(row.ended_at),
  };
}

const timeOf = (text: string | null): Timestamp | null => (text === null ? null : timestamp(text));
