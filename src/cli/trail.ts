import { performance } from 'node:perf_hooks';
import type { CommandBatch } from '../audit/command-audit.ts';
import type { ItemOutcome } from '../operations/runs/work-through.ts';

/**
 * Hears of every item that a command deals with. Throws what the audit threw once it takes no more lines: nothing is to be
 * changed that is not told of.
 */
export type Trail = (work: string, outcome: ItemOutcome) => void;

export interface BatchedTrail {
  readonly hear: Trail;
  /** Resolves when everything that was heard is written. */
  end(): Promise<void>;
}

const BATCH_ITEMS = 1_000;
const BATCH_MS = 60_000;

/** Tells of items in batches of one kind of work: when a thousand are together, when a minute is over, and at the end. */
export function createTrail(tell: (batch: CommandBatch) => Promise<void>): BatchedTrail {
  let counts = { done: 0, skipped: 0, failed: 0 };
  let [work, beganMs] = ['', performance.now()];
  let telling: Promise<void> = Promise.resolve();
  let failure: unknown;
  const size = (): number => counts.done + counts.skipped + counts.failed;
  const flush = (): void => {
    const batch = { work, ...counts };
    const isEmpty = size() === 0;
    counts = { done: 0, skipped: 0, failed: 0 };
    beganMs = performance.now();
    if (isEmpty) return;
    telling = telling.then(() => tell(batch)).catch((error: unknown) => void (failure ??= error));
  };
  return {
    hear: (what, outcome) => {
      if (failure !== undefined) throw failure as Error;
      if (what !== work) flush();
      work = what;
      counts[outcome] += 1;
      if (size() >= BATCH_ITEMS || performance.now() - beganMs >= BATCH_MS) flush();
    },
    end: async () => {
      flush();
      await telling;
      if (failure !== undefined) throw failure as Error;
    },
  };
}
