import { setTimeout as sleep } from 'node:timers/promises';

export interface Pace {
  /** Items at once. */
  readonly concurrency: number;
  /** Items begun in a second; undefined: as fast as it goes. */
  readonly ratePerSecond?: number | undefined;
  /** Ends the work: what is under way is finished, nothing is begun. */
  readonly signal: AbortSignal;
  /** Hears of each item; what it throws ends the work. */
  readonly onOutcome?: (outcome: ItemOutcome) => void;
}

/** What became of one item. `skipped`: there was nothing to do, or it is another's. */
export type ItemOutcome = 'done' | 'skipped' | 'failed';

export interface Counts {
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
}

export interface Worked {
  /** The items after the one that had this key, in the order of keys; none: that was all. */
  readonly key: string;
}

/**
 * Everything that `pages` gives, page by page in the order of keys, a few items at once. What `work` throws ends it all,
 * once what is under way is finished: an item's own failure is an outcome.
 */
export async function workThrough<Item extends Worked>(
  pages: (after: string | undefined) => Promise<readonly Item[]>,
  work: (item: Item) => Promise<ItemOutcome>,
  { concurrency, ratePerSecond, signal, onOutcome }: Pace,
): Promise<Counts> {
  const counts = { done: 0, skipped: 0, failed: 0 };
  const turn = createPace(ratePerSecond, signal);
  const failures: unknown[] = [];
  let after: string | undefined;
  for (;;) {
    const page = signal.aborted ? [] : await pages(after);
    const queue = [...page];
    const worker = async (): Promise<void> => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        await turn();
        if (signal.aborted || failures.length > 0) return;
        const outcome = await work(item);
        counts[outcome] += 1;
        onOutcome?.(outcome);
      }
    };
    const workers = Array.from({ length: concurrency }, () =>
      worker().catch((error: unknown) => failures.push(error)),
    );
    await Promise.all(workers);
    if (failures.length > 0) throw failures[0];
    after = page.at(-1)?.key;
    if (after === undefined) return counts;
  }
}

/** Resolves when the next item may begin. */
function createPace(ratePerSecond: number | undefined, signal: AbortSignal): () => Promise<void> {
  if (ratePerSecond === undefined) return () => Promise.resolve();
  let freeMs = performance.now();
  return async () => {
    const nowMs = performance.now();
    const mineMs = Math.max(nowMs, freeMs);
    freeMs = mineMs + 1_000 / ratePerSecond;
    await sleep(mineMs - nowMs, undefined, { signal }).catch(() => undefined);
  };
}
