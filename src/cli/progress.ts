import type { Counts, ItemOutcome } from '../operations/runs/work-through.ts';
import type { Trail } from './trail.ts';

/** How far long work is: a bar where somebody looks, a line now and then where a log is kept. */
export interface Progress {
  /** One more is done with. */
  step(outcome: ItemOutcome): void;
  /** The bar is left as it is, and what is printed next has a line of its own. */
  end(): void;
}

export interface ProgressOptions {
  /** What is done to what: "copying". */
  readonly label: string;
  readonly total: number;
  /** Standard error: what is printed for machines goes elsewhere. */
  readonly stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
}

const BAR_CELLS = 24;
const REDRAW_MS = 100;
const LINE_MS = 10_000;

export function createProgress({ label, total, stream }: ProgressOptions): Progress {
  const beganMs = performance.now();
  const counts = { done: 0, skipped: 0, failed: 0 };
  let shownMs = stream.isTTY ? 0 : beganMs;
  const show = (): void => {
    shownMs = performance.now();
    const line = lineOf(label, total, counts, (shownMs - beganMs) / 1_000);
    stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  };
  return {
    step: (outcome) => {
      counts[outcome] += 1;
      if (performance.now() - shownMs >= (stream.isTTY ? REDRAW_MS : LINE_MS)) show();
    },
    end: () => {
      if (counts.done + counts.skipped + counts.failed === 0) return;
      show();
      if (stream.isTTY) stream.write('\n');
    },
  };
}

export interface Phases<Phase extends string> {
  /** One more of this phase is done with. */
  readonly step: (phase: Phase, outcome: ItemOutcome) => void;
  /** What is printed next has a line of its own. */
  readonly end: () => void;
}

export interface PhasesOptions<Phase extends string> {
  readonly labels: Readonly<Record<Phase, string>>;
  readonly totals: Readonly<Record<Phase, number>>;
  /** Hears of every step. */
  readonly trail: Trail;
}

/** Work in several phases, on standard error: a bar for each, the next one when the first is through. */
export function createPhases<Phase extends string>(options: PhasesOptions<Phase>): Phases<Phase> {
  const { labels, totals, trail } = options;
  let at: { readonly phase: Phase; readonly bar: Progress } | undefined;
  const end = (): void => {
    at?.bar.end();
    at = undefined;
  };
  return {
    end,
    step: (phase, outcome) => {
      if (at?.phase !== phase) {
        end();
        const bar = createProgress({ label: labels[phase], total: totals[phase], stream: process.stderr });
        at = { phase, bar };
      }
      at.bar.step(outcome);
      trail(labels[phase], outcome);
    },
  };
}

function lineOf(label: string, total: number, { done, skipped, failed }: Counts, seconds: number): string {
  const gone = done + skipped + failed;
  const share = total === 0 ? 1 : Math.min(1, gone / total);
  const filled = Math.round(share * BAR_CELLS);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}]`;
  const perSecond = gone / Math.max(seconds, 0.001);
  const left = perSecond === 0 ? '' : `, ${duration(Math.max(0, total - gone) / perSecond)} left`;
  const bad = failed === 0 ? '' : `, ${failed} failed`;
  return `${label} ${bar} ${gone}/${total}, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s${bad}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
