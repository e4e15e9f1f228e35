import { BrokerError } from '../../errors.ts';
import type { Counts } from '../runs/work-through.ts';
import type { SecretStore } from '../../stores/secret-store.ts';
import { reasonOf } from '../../stores/store-status.ts';
import { clearStore, type ClearStoreDeps } from './clear-store.ts';
import { surveyStore, type StoreSurvey } from './survey-store.ts';

/** What becomes of what is found. */
export interface Wishes {
  /** False: it is only counted. */
  readonly destroy: boolean;
  /** So many objects of one store; undefined: `usualLimit`. */
  readonly atMost: number | undefined;
}

export interface StoreGarbage {
  readonly objects: number;
  readonly orphans: number;
  readonly copies: number;
  readonly underWay: number;
  readonly cleared: Counts;
  /** In an operator's words, why nothing was looked at, or nothing may be destroyed. */
  readonly problem: string;
  /** The wishes were not fulfilled, or not in all. */
  readonly isFailed: boolean;
}

const NONE: Counts = { done: 0, skipped: 0, failed: 0 };

const USUALLY_AT_MOST = 100;
const USUAL_SHARE = 0.1;

/**
 * What crashes leave is little. More of it is another broker's: one with another database, that shares a namespace or a
 * prefix with us by mistake, and whose secrets all look like orphans from here.
 */
export const usualLimit = (objects: number): number =>
  Math.min(USUALLY_AT_MOST, Math.floor(objects * USUAL_SHARE));

/** One store. Never throws for a store that is away or refuses: that is the store's `problem`. */
export async function collectGarbage(
  deps: ClearStoreDeps,
  store: SecretStore,
  wishes: Wishes,
): Promise<StoreGarbage> {
  const { inventory } = store;
  if (inventory === undefined) return notLookedAt('it cannot say what it holds');
  try {
    const survey = await surveyStore({ ...deps, signal: deps.pace.signal }, store, inventory);
    const problem = refusal(survey, wishes.atMost);
    const isToClear = wishes.destroy && problem === '';
    const cleared = isToClear ? await clearStore(deps, store, inventory, survey) : NONE;
    const isFailed = cleared.failed > 0 || (wishes.destroy && !isToClear);
    return { ...countsOf(survey), cleared, problem, isFailed };
  } catch (error) {
    if (deps.pace.signal.aborted) return notLookedAt('interrupted');
    if (error instanceof BrokerError) return notLookedAt(reasonOf(error));
    throw error;
  }
}

/** Of a store that did not open, too. */
export const notLookedAt = (problem: string): StoreGarbage => ({
  objects: 0,
  orphans: 0,
  copies: 0,
  underWay: 0,
  cleared: NONE,
  problem,
  isFailed: true,
});

const countsOf = ({ objects, orphans, copies, underWay }: StoreSurvey) => ({
  objects,
  orphans: orphans.length,
  copies: copies.length,
  underWay,
});

/** Empty: it may be done. */
function refusal({ objects, orphans, copies }: StoreSurvey, atMost: number | undefined): string {
  const found = orphans.length + copies.length;
  if (found <= (atMost ?? usualLimit(objects))) return '';
  if (atMost !== undefined) return `${found} objects would go, and --at-most is ${atMost}`;
  return (
    `${found} of ${objects} objects would go, more than crashes leave: is there another broker that uses this namespace ` +
    `or prefix? If not, --at-most ${found} lets them go`
  );
}
