import type { StoreGarbage } from '../operations/gc/collect-garbage.ts';
import type { Counts } from '../operations/runs/work-through.ts';
import type { CountsByStore } from '../repositories/garbage.ts';

/** What rows alone tell, and what was done about it. */
export interface RowGarbage {
  /** When expired secrets are to go; null: never. */
  readonly expiredBefore: string | null;
  readonly expired: CountsByStore;
  readonly expiredInUse: number;
  readonly expiredCleared: Counts;
  readonly halfDone: CountsByStore;
  readonly halfDoneCleared: { readonly finished: number; readonly failed: number };
  /** Places reserved in quotas that ran out. */
  readonly reservations: number;
  /** Moves and rotations that ended longer ago than is kept. */
  readonly runs: number;
}

export interface GarbageReport {
  readonly isDestroyed: boolean;
  readonly stores: ReadonlyMap<string, StoreGarbage>;
  readonly rows: RowGarbage;
}

export const isFailed = ({ isDestroyed, stores, rows }: GarbageReport): boolean =>
  [...stores.values()].some((store) => store.isFailed) ||
  (isDestroyed && rows.expiredCleared.failed + rows.halfDoneCleared.failed > 0);

/** A row for each store, for whoever reads; all there is, for a machine. */
export function showGarbage(report: GarbageReport, asJson: boolean): unknown {
  const rows = [...report.stores].map(([name, garbage]) => rowOf(report, name, garbage));
  if (!asJson) return rows;
  const { expiredBefore, expiredInUse, expiredCleared, halfDoneCleared, reservations, runs } = report.rows;
  return {
    destroyed: report.isDestroyed,
    stores: rows,
    expired: {
      before: expiredBefore,
      found: sum(report.rows.expired),
      in_use: expiredInUse,
      deleted: expiredCleared.done,
      failed: expiredCleared.failed,
    },
    half_done: { found: sum(report.rows.halfDone), ...halfDoneCleared },
    reservations,
    runs,
    // Rows are removed when their secrets are: there are no deleted ones to find.
    soft_deleted: 0,
  };
}

const sum = (counts: CountsByStore): number => [...counts.values()].reduce((total, n) => total + n, 0);

function rowOf({ rows }: GarbageReport, store: string, garbage: StoreGarbage): object {
  const { objects, orphans, copies, underWay, cleared, problem } = garbage;
  return {
    store,
    objects,
    orphans,
    copies,
    under_way: underWay,
    expired: rows.expired.get(store) ?? 0,
    half_done: rows.halfDone.get(store) ?? 0,
    destroyed: cleared.done,
    kept: cleared.skipped,
    failed: cleared.failed,
    problem,
  };
}

/** What the table of stores has no room for, a line each. */
export function inWords({ isDestroyed, stores, rows }: GarbageReport): readonly string[] {
  const { expiredBefore, expired, expiredInUse, expiredCleared, halfDone, halfDoneCleared } = rows;
  const found = [...stores.values()].reduce((total, { orphans, copies }) => total + orphans + copies, 0);
  return [
    expiredBefore === null
      ? 'expired secrets are kept: neither gc.expired_after nor --expired-after says when they go'
      : `secrets that expired before ${expiredBefore.slice(0, 19)}Z: ${sum(expired)}, kept since they have consumers: ` +
        `${expiredInUse}${isDestroyed ? `, deleted: ${expiredCleared.done}, failed: ${expiredCleared.failed}` : ''}`,
    `half done: ${sum(halfDone)}${isDestroyed ? `, finished: ${halfDoneCleared.finished}, failed: ${halfDoneCleared.failed}` : ''}`,
    `left over: ${rows.reservations} reservations, ${rows.runs} ended moves and rotations, no deleted rows`,
    ...(isDestroyed || found === 0 ? [] : ['nothing was destroyed: "postern gc --destroy" does that']),
  ];
}
