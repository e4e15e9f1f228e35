import { randomUUID } from 'node:crypto';
import { BrokerError } from '../../errors.ts';
import type { RotationReport, RotationSpec } from '../../model/rotation.ts';
import { runId, type Run } from '../../model/run.ts';
import { toMillis, type Clock } from '../../model/timestamp.ts';
import type { RunRepository } from '../../repositories/runs.ts';
import type { Counts, ItemOutcome } from '../runs/work-through.ts';
import type { RotateDeps } from './rotate-deps.ts';
import { rotateKeys } from './rotate-keys.ts';

/** What was left a day ago was left: what is asked for now is about keys that are old by now. */
const GOES_ON_WITHIN_MS = 86_400_000;

interface BeginDeps {
  readonly runs: RunRepository;
  readonly clock: Clock;
}

/**
 * The same rotation that was begun within a day and has not ended, else a new one; what was left longer ago is given up.
 * Whoever goes on replaces the keys that were old when it began.
 */
export async function beginRotation(
  { runs, clock }: BeginDeps,
  asked: Omit<RotationSpec, 'since'>,
): Promise<{ readonly run: Run; readonly isResumed: boolean }> {
  for (const run of await runs.list('rotation')) {
    if (run.state !== 'open' || !isSame(specOf(run), asked)) continue;
    const lastSign = run.heartbeatAt ?? run.updatedAt;
    if (toMillis(clock()) - toMillis(lastSign) < GOES_ON_WITHIN_MS) return { run, isResumed: true };
    await runs.tell(run.id, { report: { ...reportOf(run), isGivenUp: true, endedAt: clock() } }, clock());
    await runs.change(run.id, ['open'], 'done', clock());
  }
  const since = clock();
  const spec = { ...asked, since } satisfies RotationSpec;
  const run = await runs.insert({ id: runId(`rot-${randomUUID()}`), kind: 'rotation', spec }, since);
  return { run, isResumed: false };
}

const isSame = (one: RotationSpec, other: Omit<RotationSpec, 'since'>): boolean =>
  one.store === other.store &&
  one.level === other.level &&
  one.project === other.project &&
  one.to === other.to;

export const specOf = (run: Run): RotationSpec => run.spec as unknown as RotationSpec;

const NOTHING: RotationReport = { done: 0, skipped: 0, failed: 0, failures: [] };

export const reportOf = (run: Run): RotationReport => ({ ...NOTHING, ...run.report });

/** `incomplete`: some keys could not be replaced. `stopped`: the signal ended it, and it can be gone on with. */
export type RotationOutcome = 'done' | 'incomplete' | 'stopped';

export interface RunRotationDeps extends RotateDeps {
  readonly runs: RunRepository;
}

/** Works at a rotation that this process holds, and tells of it in its report. */
export async function runRotation(deps: RunRotationDeps, run: Run): Promise<RotationOutcome> {
  const { runs, clock, pace } = deps;
  const told = createReport(deps, run);
  const counts = await rotateKeys({ ...deps, ...told.heard }, specOf(run)).catch(async (error: unknown) => {
    await told.tell().catch(() => undefined);
    throw error;
  });
  if (pace.signal.aborted) {
    await told.tell();
    return 'stopped';
  }
  await told.tell(counts);
  await runs.change(run.id, ['open'], 'done', clock());
  return counts.failed === 0 ? 'done' : 'incomplete';
}

const TELL_EVERY_MS = 2_000;
const FAILURES_TOLD = 20;

interface ToldReport {
  readonly heard: Pick<RotateDeps, 'onProgress' | 'onFailure'>;
  /** Given what came of it all, as one that has ended. */
  tell(ended?: Counts): Promise<void>;
}

/** Of what other processes did before, only what failed is not added: it was tried again. */
function createReport({ runs, clock, onProgress, onFailure }: RunRotationDeps, run: Run): ToldReport {
  const before = reportOf(run);
  const counts: Record<ItemOutcome, number> = { done: 0, skipped: 0, failed: 0 };
  const failures: string[] = [];
  let toldMs = performance.now();
  const tell = async (ended?: Counts): Promise<void> => {
    toldMs = performance.now();
    const report: RotationReport = {
      done: before.done + counts.done,
      skipped: before.skipped + counts.skipped,
      failed: ended?.failed ?? counts.failed,
      failures,
      ...(ended === undefined ? {} : { endedAt: clock() }),
    };
    await runs.tell(run.id, { report: { ...report } }, clock());
  };
  return {
    tell,
    heard: {
      onProgress: (phase, outcome) => {
        counts[outcome] += 1;
        onProgress(phase, outcome);
        // A report that does not arrive is made up for by the next.
        if (performance.now() - toldMs > TELL_EVERY_MS) void tell().catch(() => undefined);
      },
      onFailure: (what, error) => {
        if (failures.length < FAILURES_TOLD) failures.push(`${what}: ${reasonOf(error)}`);
        onFailure(what, error);
      },
    },
  };
}

/** For an operator; what is thrown on purpose never quotes a key or a payload. */
export const reasonOf = (error: unknown): string =>
  error instanceof BrokerError ? (error.detail ?? error.message) : 'an unexpected error';
