import type { KekId } from '../model/ids.ts';

/** A KEK is good for 2^32 seals and due for rotation at 2^30: losing this many with a crashed process is nothing. */
const FLUSH_AT = 1_000;
/** Projects with few seals each must not fill the memory either. */
const MAX_COUNTED_KEKS = 10_000;

/** Where seals are added up. */
export interface UseReports {
  addUses(id: KekId, uses: number): Promise<void>;
}

/** Counts seals per KEK in memory and reports them rarely: a seal must not cost a statement. */
export interface UseCounts {
  count(id: KekId): void;
  /** Reports everything; what could not be reported stays counted. */
  flush(): Promise<void>;
}

export function createUseCounts(keks: UseReports): UseCounts {
  const uses = new Map<KekId, number>();
  // One report after the other: two at once could report a count twice.
  let reports: Promise<void> = Promise.resolve();
  const later = (work: () => Promise<void>): Promise<void> => (reports = reports.then(work, work));
  const report = async (ids: readonly KekId[]): Promise<void> => {
    for (const id of ids) {
      if (!(await reportOne(keks, uses, id))) return;
    }
  };
  return {
    count: (id) => {
      const total = (uses.get(id) ?? 0) + 1;
      uses.set(id, total);
      if (total % FLUSH_AT === 0) void later(() => report([id]));
      else if (uses.size % MAX_COUNTED_KEKS === 0) void later(() => report([...uses.keys()]));
    },
    flush: () => later(() => report([...uses.keys()])),
  };
}

/** False when the database is away: it fails the requests themselves, and the count waits for the next report. */
async function reportOne(keks: UseReports, uses: Map<KekId, number>, id: KekId): Promise<boolean> {
  const counted = uses.get(id);
  if (counted === undefined) return true;
  uses.delete(id);
  try {
    await keks.addUses(id, counted);
    return true;
  } catch {
    uses.set(id, (uses.get(id) ?? 0) + counted);
    return false;
  }
}
