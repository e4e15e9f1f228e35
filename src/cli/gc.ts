import { ConfigurationError } from '../errors.ts';
import { sweep, unfinishedAfterMs, type SweepReport } from '../jobs/sweep.ts';
import { secondsIn } from '../model/duration.ts';
import { now, timestampFromMillis, type Timestamp } from '../model/timestamp.ts';
import { collectGarbage, notLookedAt, type StoreGarbage } from '../operations/gc/collect-garbage.ts';
import type { ClearStoreDeps } from '../operations/gc/clear-store.ts';
import { deleteExpired } from '../operations/gc/delete-expired.ts';
import type { Database } from '../repositories/database.ts';
import { createGarbageRepository, type GarbageRepository } from '../repositories/garbage.ts';
import { createMoveReceiptRepository } from '../repositories/move-receipts.ts';
import { createRunRepository, type RunRepository } from '../repositories/runs.ts';
import {
  createSecretConsumerRepository,
  type SecretConsumerRepository,
} from '../repositories/secret-consumers.ts';
import { createSecretRepository } from '../repositories/secrets.ts';
import type { Invocation } from './commands.ts';
import { withDatabase } from './database.ts';
import { inWords, isFailed, showGarbage, type GarbageReport, type RowGarbage } from './gc-report.ts';
import { findStores, registryOf, type Found } from './found-stores.ts';
import { interruption } from './interruption.ts';
import { countOption, flagOption, textOption, type OptionValues } from './options.ts';
import { paceOf } from './pace.ts';
import { requireStore } from './require-store.ts';
import type { Trail } from './trail.ts';

interface Wishes {
  readonly destroy: boolean;
  readonly atMost: number | undefined;
  /** One store only; then nothing is done about rows of no store. */
  readonly store: string | undefined;
  readonly expiredBefore: Timestamp | null;
  readonly receiptsBefore: Timestamp | null;
}

interface GcDeps extends ClearStoreDeps {
  readonly garbage: GarbageRepository;
  readonly runs: RunRepository;
  readonly secretConsumers: SecretConsumerRepository;
  readonly trail: Trail;
}

/** With a pace that tells the audit what is done. */
const toldAs = (deps: GcDeps, work: string): GcDeps => ({
  ...deps,
  pace: { ...deps.pace, onOutcome: (outcome) => deps.trail(work, outcome) },
});

/** `postern gc`: says what stores and tables hold that nobody needs; with `--destroy` it goes. */
export function runGc(invocation: Invocation): Promise<unknown> {
  const { config, log } = invocation;
  const wishes = wishesOf(invocation);
  return withDatabase(config, async (database) => {
    const found = await findStores(config, { database, log });
    try {
      const deps = depsOf(invocation, database, found);
      const report = await collect(deps, found, wishes);
      for (const line of inWords(report)) process.stderr.write(`${line}\n`);
      if (isFailed(report) || deps.pace.signal.aborted) process.exitCode = 1;
      return showGarbage(report, invocation.json);
    } finally {
      for (const { store } of found) await store?.close();
    }
  });
}

function wishesOf({ config, options }: Invocation): Wishes {
  const store = textOption(options, 'store');
  if (store !== undefined) requireStore(config, store);
  const ago = (seconds: number | null): Timestamp | null =>
    seconds === null ? null : timestampFromMillis(Date.now() - seconds * 1_000);
  return {
    destroy: flagOption(options, 'destroy'),
    atMost: countOption(options, 'at-most'),
    store,
    expiredBefore: ago(durationOption(options, 'expired-after') ?? config.gc.expired_after),
    receiptsBefore: ago(durationOption(options, 'receipts-after') ?? null),
  };
}

/** In seconds. */
function durationOption(options: OptionValues, name: string): number | undefined {
  const text = textOption(options, name);
  const seconds = text === undefined ? undefined : secondsIn(text);
  if (text !== undefined && seconds === undefined)
    throw new ConfigurationError(`--${name} is a time such as 12h or 30d, not "${text}"`);
  return seconds;
}

function depsOf({ options, log, trail }: Invocation, database: Database, found: readonly Found[]): GcDeps {
  return {
    garbage: createGarbageRepository(database),
    secrets: createSecretRepository(database),
    receipts: createMoveReceiptRepository(database),
    runs: createRunRepository(database),
    secretConsumers: createSecretConsumerRepository(database),
    stores: registryOf(found),
    log,
    clock: now,
    pace: { ...paceOf(options), signal: interruption() },
    trail,
  };
}

/** Rows first: what they let go is gone from the stores when those are looked at. */
async function collect(deps: GcDeps, found: readonly Found[], wishes: Wishes): Promise<GarbageReport> {
  const rows = await collectRows(deps, wishes);
  const stores = new Map<string, StoreGarbage>();
  for (const { name, store, problem } of found) {
    if (wishes.store !== undefined && wishes.store !== name) continue;
    if (deps.pace.signal.aborted) stores.set(name, notLookedAt('interrupted'));
    else
      stores.set(
        name,
        store
          ? await collectGarbage(toldAs(deps, `destroying what ${name} has to spare`), store, wishes)
          : notLookedAt(problem),
      );
  }
  return { isDestroyed: wishes.destroy, stores, rows };
}

async function collectRows(deps: GcDeps, wishes: Wishes): Promise<RowGarbage> {
  const { garbage, clock } = deps;
  const { destroy, store, expiredBefore, receiptsBefore } = wishes;
  const isForAll = destroy && store === undefined;
  const halfDone = await garbage.countAnyProjectUnfinished(
    timestampFromMillis(Date.now() - unfinishedAfterMs(deps.stores)),
  );
  const halfDoneCleared = isForAll ? await sweepAll(deps) : { finished: 0, failed: 0 };
  return {
    expiredBefore,
    expired: expiredBefore === null ? new Map() : await garbage.countAnyProjectExpired(expiredBefore),
    expiredInUse: expiredBefore === null ? 0 : await garbage.countAnyProjectExpiredInUse(expiredBefore),
    expiredCleared:
      destroy && expiredBefore !== null
        ? await deleteExpired(toldAs(deps, 'deleting expired secrets'), expiredBefore, store)
        : { done: 0, skipped: 0, failed: 0 },
    halfDone,
    halfDoneCleared,
    reservations: isForAll
      ? await garbage.removeExpiredReservations(clock())
      : await garbage.countExpiredReservations(clock()),
    runs: receiptsBefore === null ? 0 : await endedRuns(deps, receiptsBefore, isForAll),
  };
}

const endedRuns = ({ garbage, runs }: GcDeps, before: Timestamp, isToGo: boolean): Promise<number> =>
  isToGo ? runs.removeEnded(before) : garbage.countEndedRuns(before);

/** A sweep takes so many rows at a time; what fails is young again and not taken twice. */
async function sweepAll(deps: GcDeps): Promise<SweepReport> {
  const total = { finished: 0, failed: 0 };
  for (;;) {
    const { finished, failed } = await sweep(deps);
    total.finished += finished;
    total.failed += failed;
    if (finished + failed === 0 || deps.pace.signal.aborted) return total;
  }
}
