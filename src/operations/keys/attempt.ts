import { isOwnFailure } from '../runs/own-failure.ts';
import { patiently } from '../runs/patiently.ts';
import type { ItemOutcome } from '../runs/work-through.ts';
import type { RotateDeps, RotationPhase } from './rotate-deps.ts';

/** Somebody else may be at the same key: whoever loses looks again, and mostly finds nothing left to do. */
const ATTEMPTS = 3;

/** One KEK or one payload. `undefined`: it was changed in between, and is looked at again. */
export type Attempt = () => Promise<ItemOutcome | undefined>;

/** Its own failure is an outcome and is told; what no key is to blame for ends the work. */
export async function attempt(
  { pace, onProgress, onFailure }: RotateDeps,
  { phase, name }: { readonly phase: RotationPhase; readonly name: string },
  work: Attempt,
): Promise<ItemOutcome> {
  const outcome = await patiently(pace.signal, () => untilSettled(work)).catch((error: unknown) => {
    if (!isOwnFailure(error)) throw error;
    onFailure(name, error);
    return 'failed' as const;
  });
  onProgress(phase, outcome);
  return outcome;
}

async function untilSettled(work: Attempt): Promise<ItemOutcome> {
  for (let n = 1; n <= ATTEMPTS; n += 1) {
    const outcome = await work();
    if (outcome !== undefined) return outcome;
  }
  return 'skipped';
}
