import { Conflict } from '../errors.ts';
import { errorFields, type Log } from '../log.ts';
import type { SecretId } from '../model/ids.ts';
import type { Secret } from '../model/secret.ts';
import { timestampFromMillis, toMillis, type Clock, type Timestamp } from '../model/timestamp.ts';
import { clearReceipt } from '../operations/moves/clear-receipt.ts';
import { isHeld } from '../operations/runs/hold-run.ts';
import { destroyPayload } from '../operations/secrets/delete-secret.ts';
import type { Receipt } from '../model/move.ts';
import type { MoveReceiptRepository } from '../repositories/move-receipts.ts';
import type { RunRepository } from '../repositories/runs.ts';
import type { SecretRepository } from '../repositories/secrets.ts';
import type { StoreRegistry } from '../stores/registry.ts';

export interface SweepDeps {
  readonly secrets: SecretRepository;
  readonly receipts: MoveReceiptRepository;
  readonly runs: RunRepository;
  readonly stores: StoreRegistry;
  readonly log: Log;
  readonly clock: Clock;
}

/** Twice the longest that a store in this process takes: whoever began this row is gone. */
export const UNFINISHED_AFTER_MS = 20_000;
const ROWS_PER_RUN = 500;

export interface SweepReport {
  readonly finished: number;
  readonly failed: number;
}

/**
 * Finishes what a crash or a dead store left half done. `pending`: the client got an error, so payload and row go.
 * `filling`: the payload goes, the secret stays as one without. `destroying`: destroy again. Each row is claimed before
 * its payload is touched: a row that another sweep took, or whose slow request ended well after all, is left alone.
 */
export async function sweep(
  deps: SweepDeps,
  olderThanMs = unfinishedAfterMs(deps.stores),
): Promise<SweepReport> {
  const before = timestampFromMillis(toMillis(deps.clock()) - olderThanMs);
  const report = { finished: 0, failed: 0 };
  for (const { id, work } of await unfinished(deps, before)) {
    try {
      await work();
      report.finished += 1;
    } catch (error) {
      if (error instanceof Conflict) continue;
      report.failed += 1;
      deps.log.warn('could not finish a secret left half done', { secret: id, ...errorFields(error) });
    }
  }
  return report;
}

interface Unfinished {
  readonly id: SecretId;
  readonly work: () => Promise<void>;
}

async function unfinished(deps: SweepDeps, before: Timestamp): Promise<readonly Unfinished[]> {
  const secrets = await deps.secrets.listAnyProjectUnfinished(before, ROWS_PER_RUN);
  const receipts = await deps.receipts.listAnyRunUnfinished(before, ROWS_PER_RUN);
  return [
    ...secrets.map((secret) => ({ id: secret.id, work: () => finish(deps, secret) })),
    ...receipts.map((receipt) => ({ id: receipt.secret.id, work: () => clearUp(deps, receipt) })),
  ];
}

/** A copy of a move that nobody is at: resumed, the move makes it again. */
async function clearUp(deps: SweepDeps, left: Receipt): Promise<void> {
  const run = left.runId === null ? undefined : await deps.runs.find(left.runId);
  if (run !== undefined && isHeld(run, deps.clock)) return;
  const now = deps.clock();
  const receipt = await (left.state === 'copying'
    ? deps.receipts.clear(left, now)
    : deps.receipts.claim(left, now));
  if (receipt !== undefined) await clearReceipt(deps, receipt);
}

/** A slow store is given its time: a payload that arrives after its row was swept would be one nobody points to. */
export function unfinishedAfterMs({ all }: StoreRegistry): number {
  return Math.max(UNFINISHED_AFTER_MS, ...all.map(({ longestMs = 0 }) => 2 * longestMs));
}

/** The claim also makes the row young again: rows of a dead store do not stand in the way of the others. */
async function finish(deps: SweepDeps, seen: Secret): Promise<void> {
  const secret = await deps.secrets.claim(seen, deps.clock());
  if (secret.state !== 'filling') return destroyPayload(deps, secret);
  if (secret.store !== null) {
    const store = deps.stores.named(secret.store);
    const ref = await store.locate(secret);
    if (ref !== undefined) await store.destroy(secret, ref);
  }
  await deps.secrets.unfill(secret, deps.clock());
}

const SWEEP_EVERY_MS = 60_000;

/** Sweeps now and every minute. `stop` waits for the run under way. */
export function startSweeping(deps: SweepDeps): { stop(): Promise<void> } {
  let running = run(deps);
  const timer = setInterval(() => {
    running = running.then(() => run(deps));
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}

/** The database may be away: the next run will find what this one missed. */
async function run(deps: SweepDeps): Promise<void> {
  try {
    const { finished, failed } = await sweep(deps);
    if (finished > 0) deps.log.info('finished secrets left half done', { count: finished });
    if (failed > 0) deps.log.warn('some secrets are still half done', { count: failed });
  } catch (error) {
    deps.log.warn('the sweep failed', errorFields(error));
  }
}
