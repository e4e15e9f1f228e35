import { setTimeout as sleep } from 'node:timers/promises';
import type { MoveSpec, Receipt, ReceiptState } from '../../model/move.ts';
import type { Run } from '../../model/run.ts';
import { toMillis } from '../../model/timestamp.ts';
import type { MovableSecretRepository } from '../../repositories/movable-secrets.ts';
import type { StoredSecret } from '../../repositories/move-receipts.ts';
import type { RunRepository } from '../../repositories/runs.ts';
import { patiently } from '../runs/patiently.ts';
import { workThrough, type ItemOutcome, type Pace } from '../runs/work-through.ts';
import { destroySpare } from './clear-receipt.ts';
import { moveSecret, resumeSecret, type MoveSecretDeps } from './move-secret.ts';

export interface RunMoveDeps extends MoveSecretDeps {
  readonly runs: RunRepository;
  readonly movable: MovableSecretRepository;
  readonly pace: Pace;
  /** How long what another process began is left alone. */
  readonly settleMs: number;
  /** After each secret. */
  readonly onProgress: (phase: 'copy' | 'destroy' | 'undo', outcome: ItemOutcome) => void;
}

const PAGE = 200;
/** A statement for each would cost as much as destroying; so many are destroyed once more after a crash. */
const ENDED_AT_ONCE = 20;
/** Others hold a secret for a moment, or for days. */
const ROUNDS_IN_VAIN = 4;
const PAUSE_MS = 300;
/** A dead process's last request may still be under way at the store: what it left is not touched before. */
export const SETTLE_MS = 5_000;

/**
 * `done`, `kept`: all is moved. `incomplete`: some secrets are not, and nothing was destroyed. `stopped`: the signal ended
 * it. Whatever comes of it, running it again goes on.
 */
export type MoveOutcome = 'done' | 'kept' | 'incomplete' | 'stopped';

/** Copies and flips everything first; only when all of it is at the target are the old copies destroyed. */
export async function runMove(deps: RunMoveDeps, run: Run): Promise<MoveOutcome> {
  const spec = run.spec as unknown as MoveSpec;
  if (spec.finishing !== true) await copyAll(deps, run, spec);
  await takeUpLeftovers(deps, run);
  if (isStopped(deps)) return 'stopped';
  if (spec.finishing !== true && (await isIncomplete(deps, run, spec))) return 'incomplete';
  if (spec.keep) {
    await deps.runs.change(run.id, ['open'], 'kept', deps.clock());
    return 'kept';
  }
  await destroyOld(deps, run);
  if (isStopped(deps)) return 'stopped';
  await deps.runs.change(run.id, ['open'], 'done', deps.clock());
  return 'done';
}

const isStopped = ({ pace }: RunMoveDeps): boolean => pace.signal.aborted;

/**
 * Again and again, until rounds find nothing they can move: secrets that were on their way in are found by the next, and
 * what somebody else has for a moment (another move, a collector of garbage) is waited for.
 */
async function copyAll(deps: RunMoveDeps, run: Run, spec: MoveSpec): Promise<void> {
  const { movable, pace } = deps;
  const pages = async (after: string | undefined) =>
    keyed(await movable.listAnyProject(spec, run.createdAt, after, PAGE), ({ id }) => id);
  for (let inVain = 0; inVain < ROUNDS_IN_VAIN && !pace.signal.aborted;) {
    const { done, skipped } = await workThrough(pages, (item) => moveOne(deps, run, spec, item.value), pace);
    if (done === 0 && skipped === 0) return;
    inVain = done === 0 ? inVain + 1 : 0;
    if (done === 0) await sleep(PAUSE_MS, undefined, { signal: pace.signal }).catch(() => undefined);
  }
}

async function moveOne(
  deps: RunMoveDeps,
  run: Run,
  spec: MoveSpec,
  secret: StoredSecret,
): Promise<ItemOutcome> {
  const receipt = await deps.receipts.begin(run.id, secret, spec.to, deps.clock());
  if (receipt === undefined) return 'skipped';
  const outcome = await patiently(deps.pace.signal, () => moveSecret(deps, receipt, secret));
  deps.onProgress('copy', outcome);
  return outcome;
}

/** Those that were left longest first: they need not be waited for. */
async function takeUpLeftovers(deps: RunMoveDeps, run: Run): Promise<void> {
  const { receipts, pace } = deps;
  const states: readonly ReceiptState[] = ['copying', 'abandoning'];
  const pages = async (after: string | undefined) => {
    const left = await receipts.listOfRun(run.id, states, after, PAGE);
    const last = left.at(-1)?.secret.id ?? '';
    const oldestFirst = [...left].sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
    return keyed(oldestFirst, () => last);
  };
  const takeUp = async ({ value }: { readonly value: Receipt }): Promise<ItemOutcome> => {
    await settled(deps, value);
    if (pace.signal.aborted) return 'skipped';
    const outcome = await patiently(pace.signal, () => resumeSecret(deps, value));
    deps.onProgress('copy', outcome);
    return outcome;
  };
  await workThrough(pages, takeUp, pace);
}

/** Resolves when whatever a dead process asked of a store is over. */
export async function settled(
  { clock, pace, settleMs }: Pick<RunMoveDeps, 'clock' | 'pace' | 'settleMs'>,
  { updatedAt }: Receipt,
): Promise<void> {
  const restMs = toMillis(updatedAt) + settleMs - toMillis(clock());
  await sleep(Math.max(0, restMs), undefined, { signal: pace.signal }).catch(() => undefined);
}

/** Secrets that failed, and those that another move has. */
async function isIncomplete({ movable }: RunMoveDeps, run: Run, spec: MoveSpec): Promise<boolean> {
  return (await movable.countAnyProject(spec, run.createdAt)).length > 0;
}

/** Page by page, so that there is one statement for many secrets before their copies go and one after. */
async function destroyOld(deps: RunMoveDeps, run: Run): Promise<void> {
  const { receipts, pace, clock } = deps;
  while (!pace.signal.aborted) {
    await receipts.clearMoved(run.id, PAGE, clock());
    const page = await receipts.listOfRun(run.id, ['destroying'], undefined, PAGE);
    if (page.length === 0) return;
    const gone: Receipt[] = [];
    const once = (after: string | undefined) =>
      Promise.resolve(after === undefined ? keyed(page, ({ secret }) => secret.id) : []);
    try {
      await workThrough(once, (item) => destroyOne(deps, item.value, gone), pace);
    } finally {
      await receipts.end(gone, clock());
    }
  }
}

async function destroyOne(deps: RunMoveDeps, receipt: Receipt, gone: Receipt[]): Promise<ItemOutcome> {
  await patiently(deps.pace.signal, () => destroySpare(deps, receipt));
  gone.push(receipt);
  if (gone.length >= ENDED_AT_ONCE) await deps.receipts.end(gone.splice(0), deps.clock());
  deps.onProgress('destroy', 'done');
  return 'done';
}

/** What `workThrough` goes by. */
export const keyed = <T>(
  values: readonly T[],
  keyOf: (value: T) => string,
): readonly { readonly key: string; readonly value: T }[] =>
  values.map((value) => ({ key: keyOf(value), value }));
