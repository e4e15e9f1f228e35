import type { Config, StoreConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { MoveSpec, ReceiptState } from '../model/move.ts';
import type { Run } from '../model/run.ts';
import { now } from '../model/timestamp.ts';
import { openStores } from '../open-stores.ts';
import { SETTLE_MS, type RunMoveDeps } from '../operations/moves/run-move.ts';
import { holdRun } from '../operations/runs/hold-run.ts';
import type { Database } from '../repositories/database.ts';
import { createMovableSecretRepository, type MovableCount } from '../repositories/movable-secrets.ts';
import { createMoveReceiptRepository, type MoveReceiptRepository } from '../repositories/move-receipts.ts';
import { createRunRepository } from '../repositories/runs.ts';
import { createSecretRepository } from '../repositories/secrets.ts';
import type { StoreRegistry } from '../stores/registry.ts';
import { interruption } from './interruption.ts';
import { USUAL_CONCURRENCY } from './pace.ts';
import { createPhases } from './progress.ts';
import { requireStore } from './require-store.ts';
import type { Trail } from './trail.ts';

export interface Pacing {
  readonly rate: number | undefined;
  readonly concurrency: number | undefined;
}

export interface MovingDeps {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  readonly pacing: Pacing;
  readonly trail: Trail;
}

const LABELS = { copy: 'moving', destroy: 'destroying the old copies', undo: 'moving back' } as const;

/** Works at a run, with the stores it is about open and the process's signals heeded. */
export async function atRun<T>(
  { config, database, log, pacing, trail }: MovingDeps,
  run: Run,
  work: (deps: RunMoveDeps) => Promise<T>,
): Promise<T> {
  const [runs, receipts] = [createRunRepository(database), createMoveReceiptRepository(database)];
  const movable = createMovableSecretRepository(database);
  const left = await movable.countAnyProject(run.spec as unknown as MoveSpec, run.createdAt);
  const stores = await openOf(config, await storesOf(receipts, run, left), { database, log });
  const totals = totalsOf(await receipts.countByState(run.id), left);
  const progress = createPhases({ labels: LABELS, totals, trail });
  const parts = { runs, receipts, stores, clock: now, settleMs: SETTLE_MS, onProgress: progress.step };
  const secrets = createSecretRepository(database);
  try {
    return await holdRun({ runs, clock: now, signal: interruption() }, run.id, (signal) => {
      const { rate: ratePerSecond, concurrency = USUAL_CONCURRENCY } = pacing;
      return work({ ...parts, secrets, movable, pace: { concurrency, ratePerSecond, signal } });
    });
  } finally {
    progress.end();
    for (const store of stores.all) await store.close();
  }
}

/** The target, where secrets are that are to move, and whatever unfinished receipts name. */
async function storesOf(
  receipts: MoveReceiptRepository,
  { id, spec }: Run,
  left: readonly MovableCount[],
): Promise<ReadonlySet<string>> {
  const { to } = spec as unknown as MoveSpec;
  return new Set([to, ...left.map(({ store }) => store), ...(await receipts.openStoresOf(id))]);
}

export function openOf(
  config: Config,
  names: ReadonlySet<string>,
  deps: { readonly database: Database; readonly log: Log },
): Promise<StoreRegistry> {
  const { stores } = config;
  for (const name of names) requireStore(config, name);
  const configured = stores.configured.filter(({ name }) => names.has(name)).map(withoutTrials);
  return openStores({ stores: { ...stores, configured, default: configured[0]?.name ?? '' } }, deps);
}

/** For work that makes no keys: a KMIP server is tried for that at each start, and whoever is killed leaves the trial there. */
export const withoutTrials = (store: StoreConfig): StoreConfig =>
  store.kind === 'kmip' ? { ...store, generate: false } : store;

interface Totals {
  readonly copy: number;
  readonly destroy: number;
  readonly undo: number;
}

function totalsOf(
  states: Readonly<Partial<Record<ReceiptState, number>>>,
  left: readonly MovableCount[],
): Totals {
  const copy = left.reduce((sum, { secrets }) => sum + secrets, 0);
  const moved = (states.moved ?? 0) + (states.destroying ?? 0);
  return { copy, destroy: copy + moved, undo: moved + (states.returned ?? 0) };
}
