import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict } from '../../errors.ts';
import type { Run, RunId } from '../../model/run.ts';
import { timestampFromMillis, toMillis, type Clock } from '../../model/timestamp.ts';
import type { RunRepository } from '../../repositories/runs.ts';

export interface HoldRunDeps {
  readonly runs: RunRepository;
  readonly clock: Clock;
  /** Ends the work when the process is asked to stop. */
  readonly signal: AbortSignal;
}

const HEARTBEAT_MS = 1_000;
/** A holder on another host that was silent for so long is dead. Clocks of hosts differ by less, or by NTP's fault. */
const SILENT_MS = 15_000;

/** Why `signal` was aborted. */
export type Ending = 'asked' | 'paused' | 'lost';

/**
 * Works at a run for as long as this process holds it: two at once would not harm it, and would help nobody. `work` gets a
 * signal that is aborted when the process is asked to stop, when an operator pauses the run, and when another process took
 * it. `Conflict` when another process is at it.
 */
export async function holdRun<T>(
  { runs, clock, signal }: HoldRunDeps,
  id: RunId,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const holder = `${hostname()}:${process.pid}`;
  await take({ runs, clock }, id, holder);
  const ended = new AbortController();
  const beating = beat({ runs, clock }, id, holder, ended);
  try {
    return await work(AbortSignal.any([signal, ended.signal]));
  } finally {
    ended.abort('asked' satisfies Ending);
    await beating;
    await runs.release(id, holder, clock());
  }
}

type Deps = Pick<HoldRunDeps, 'runs' | 'clock'>;

async function take({ runs, clock }: Deps, id: RunId, holder: string): Promise<void> {
  const run = await runs.find(id);
  if (run === undefined) throw new Conflict(`there is no ${id}`);
  const staleBefore = timestampFromMillis(toMillis(clock()) - SILENT_MS);
  const dead = run.holder !== null && isDeadHere(run.holder) ? run.holder : undefined;
  if (await runs.hold(id, holder, clock(), staleBefore, dead)) return;
  throw new Conflict(`${id} is being worked at by ${run.holder ?? 'another process'}`);
}

/** Whether the holder is a process of this host that is gone. */
function isDeadHere(holder: string): boolean {
  const [host, pid] = [holder.slice(0, holder.lastIndexOf(':')), Number(holder.split(':').at(-1))];
  if (host !== hostname() || !Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Says that we are at it, until the work ends or has to. */
async function beat({ runs, clock }: Deps, id: RunId, holder: string, ended: AbortController): Promise<void> {
  const { signal } = ended;
  const slept = (): Promise<boolean> =>
    sleep(HEARTBEAT_MS, undefined, { signal }).then(
      () => true,
      () => false,
    );
  while (await slept()) {
    // A database that is away for a moment ends the work by itself if it stays away.
    const state = await runs.beat(id, holder, clock()).catch(() => 'open' as const);
    if (state === undefined) ended.abort('lost' satisfies Ending);
    if (state === 'paused') ended.abort('paused' satisfies Ending);
  }
}

/** Whether a process is at the run, as far as its heartbeat tells. */
export function isHeld({ holder, heartbeatAt }: Run, clock: Clock): boolean {
  if (holder === null || heartbeatAt === null || isDeadHere(holder)) return false;
  return toMillis(heartbeatAt) >= toMillis(clock()) - SILENT_MS;
}
