import { IntegrityError } from '../../errors.ts';
import type { Receipt, ReceiptState } from '../../model/move.ts';
import type { Run } from '../../model/run.ts';
import type { StoredSecret } from '../../repositories/move-receipts.ts';
import { storeRef } from '../../stores/secret-store.ts';
import { patiently } from '../runs/patiently.ts';
import { workThrough, type ItemOutcome } from '../runs/work-through.ts';
import { clearReceipt } from './clear-receipt.ts';
import { isAway, verify } from './move-secret.ts';
import { keyed, settled, type RunMoveDeps } from './run-move.ts';

const PAGE = 200;
const OPEN: readonly ReceiptState[] = ['copying', 'moved', 'destroying', 'returned', 'abandoning'];

/** `undone`: every secret whose old copy was there is back. `incomplete`: some are not. `stopped`: the signal ended it. */
export type UndoOutcome = 'undone' | 'incomplete' | 'stopped';

/**
 * Brings back what the move took, and destroys the copies it made. What had lost its old copy already stays where it is.
 * Doing it again goes on.
 */
export async function undoMove(deps: RunMoveDeps, run: Run): Promise<UndoOutcome> {
  const { receipts, pace, clock } = deps;
  const pages = async (after: string | undefined) =>
    keyed(await receipts.listOfRun(run.id, OPEN, after, PAGE), ({ secret }) => secret.id);
  const undo = async ({ value }: { readonly value: Receipt }): Promise<ItemOutcome> => {
    const outcome = await patiently(pace.signal, () => undoOne(deps, value));
    deps.onProgress('undo', outcome);
    return outcome;
  };
  const { failed } = await workThrough(pages, undo, pace);
  if (pace.signal.aborted) return 'stopped';
  if (failed > 0) return 'incomplete';
  await deps.runs.change(run.id, ['undoing'], 'undone', clock());
  return 'undone';
}

async function undoOne(deps: RunMoveDeps, receipt: Receipt): Promise<ItemOutcome> {
  if (receipt.state === 'moved') return bringBack(deps, receipt);
  await settled(deps, receipt);
  if (deps.pace.signal.aborted) return 'skipped';
  await clear(deps, receipt);
  return 'skipped';
}

/** A secret that is gone, or was moved on by hand, needs no way back: its old copy goes. */
async function bringBack(deps: RunMoveDeps, receipt: Receipt): Promise<ItemOutcome> {
  const secret = await deps.secrets.findAnyProject(receipt.secret.id);
  if (secret?.state !== 'active' || secret.store !== receipt.toStore) {
    await clear(deps, receipt);
    return 'skipped';
  }
  try {
    await requireWhole(deps, receipt, secret as StoredSecret);
  } catch (error) {
    if (isAway(error)) throw error;
    return 'failed';
  }
  if (!(await deps.receipts.moveBack(receipt, secret as StoredSecret, deps.clock()))) return 'skipped';
  await clear(deps, { ...receipt, state: 'returned', attempt: receipt.attempt + 1 });
  return 'done';
}

/** The old copy, against what the secret's readers get today. */
async function requireWhole(
  { stores }: RunMoveDeps,
  { fromStore, fromRef, toStore }: Receipt,
  secret: StoredSecret,
): Promise<void> {
  const payload = await stores.named(toStore).get(secret, storeRef(secret.storeRef));
  if (payload === undefined || fromRef === null) throw new IntegrityError('', { detail: 'no two copies' });
  try {
    await verify(stores.named(fromStore), secret, storeRef(fromRef), payload);
  } finally {
    payload.wipe();
  }
}

async function clear(deps: RunMoveDeps, receipt: Receipt): Promise<void> {
  const isOnItsWay = receipt.state !== 'moved' && receipt.state !== 'copying';
  const { receipts, clock } = deps;
  const clearing = await (isOnItsWay ? receipts.claim(receipt, clock()) : receipts.clear(receipt, clock()));
  if (clearing !== undefined) await clearReceipt(deps, clearing);
}
