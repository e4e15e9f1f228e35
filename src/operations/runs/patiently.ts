import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable, StoreMisconfigured, StoreUnavailable } from '../../errors.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** An outage that lasts longer is for an operator: the run ends, and can be resumed. */
const PATIENCE_MS = 120_000;

/**
 * Tries again while store or database are away, up to two minutes. `work` may be repeated at any point. Throws what it
 * ended with: at once what no waiting mends, and when the signal is aborted.
 */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || signal.aborted || performance.now() + pauseMs > untilMs) throw error;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable ||
  (error instanceof StoreUnavailable && !(error instanceof StoreMisconfigured));
