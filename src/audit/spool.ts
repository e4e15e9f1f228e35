import { setImmediate as nextTurn } from 'node:timers/promises';
import { AuditUnavailable } from '../errors.ts';
import { errorFields, type Log } from '../log.ts';
import { now } from '../model/timestamp.ts';
import type { AuditFile, Batch } from './audit-file.ts';
import type { SinkHealth } from './audit.ts';

export interface SpoolOptions {
  readonly file: AuditFile;
  readonly log: Log;
  /** For the log: which sink fails. */
  readonly name: string;
  readonly limitBytes: number;
}

/** Lines between the requests and a file that may fail: grouped, bounded, in order, each written once. */
export interface Spool {
  intent(line: string, durable: boolean): Promise<void>;
  outcome(line: string): void;
  /** Looks at once whether the file takes lines (again). */
  retry(): void;
  health(): Omit<SinkHealth, 'name'>;
  close(): Promise<void>;
}

/** The share of the bound that intents leave free, so that the outcomes of accepted ones still fit. */
const RESERVE_SHARE = 0.2;
const RETRY_MS = 1_000;
/** A write that takes longer counts as failed to those who wait for it: a hung disk must not hang every request. */
const STALL_MS = 2_000;
/** An outcome waits this long for an intent to share its write with. */
const LINGER_MS = 20;

interface Waiter {
  readonly durable: boolean;
  resolve(): void;
  reject(error: Error): void;
}

interface State extends SpoolOptions {
  /** Accepted and not yet in a batch, with those who wait for them. */
  lines: string[];
  waiting: Waiter[];
  /** What is being written; stays until all of it is. */
  batch: Batch | undefined;
  aboard: readonly Waiter[];
  spooledBytes: number;
  dropped: number;
  failing: boolean;
  full: boolean;
  /** Asked for while a write was on its way. */
  retry: boolean;
  closing: Promise<void> | undefined;
  /** There is never more than one write on its way. */
  flight: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createSpool(options: SpoolOptions): Spool {
  const state: State = {
    ...options,
    lines: [],
    waiting: [],
    batch: undefined,
    aboard: [],
    spooledBytes: 0,
    dropped: 0,
    failing: false,
    full: false,
    retry: false,
    closing: undefined,
    flight: undefined,
    timer: undefined,
  };
  return {
    intent: (line, durable) => takeIntent(state, line, durable),
    outcome: (line) => {
      takeOutcome(state, line);
    },
    retry: () => {
      state.retry = true;
      takeOff(state);
    },
    health: () => health(state),
    close: () => (state.closing ??= close(state)),
  };
}

function takeIntent(state: State, line: string, durable: boolean): Promise<void> {
  // Even a line that is refused is a reason to look whether the file is back.
  takeOff(state);
  if (state.closing !== undefined || !accept(state, line, state.limitBytes * (1 - RESERVE_SHARE))) {
    state.full = true;
    return Promise.reject(refusal());
  }
  if (state.failing && !durable) return Promise.resolve();
  return new Promise((resolve, reject) => state.waiting.push({ durable, resolve, reject }));
}

function takeOutcome(state: State, line: string): void {
  if (state.closing !== undefined || !accept(state, line, state.limitBytes)) state.dropped += 1;
  else if (state.flight === undefined) takeOffIn(state, LINGER_MS);
}

function accept(state: State, line: string, bound: number): boolean {
  const spooledBytes = state.spooledBytes + Buffer.byteLength(line);
  if (spooledBytes > bound) return false;
  state.lines.push(line);
  state.spooledBytes = spooledBytes;
  return true;
}

function takeOff(state: State): void {
  if (state.closing === undefined) state.flight ??= fly(state);
}

function takeOffIn(state: State, milliseconds: number): void {
  state.timer ??= setTimeout(() => {
    state.timer = undefined;
    takeOff(state);
  }, milliseconds).unref();
}

/** Never throws: a failure is a state. */
async function fly(state: State): Promise<void> {
  // The lines of one turn of the event loop share a write.
  await nextTurn();
  clearTimeout(state.timer);
  state.timer = undefined;
  try {
    do await writeBatch(state);
    while (mustGoOn(state));
    if (state.lines.length > 0) takeOffIn(state, LINGER_MS);
  } catch (error) {
    state.file.release();
    fail(state, error);
    takeOffIn(state, RETRY_MS);
  }
  state.flight = undefined;
}

function mustGoOn({ retry, waiting, closing, lines }: State): boolean {
  return retry || waiting.length > 0 || (closing !== undefined && lines.length > 0);
}

async function writeBatch(state: State): Promise<void> {
  state.retry = false;
  const batch = (state.batch ??= board(state));
  const stall = setInterval(() => {
    fail(state, new Error('the audit file does not answer'));
  }, STALL_MS);
  try {
    await state.file.append(batch);
    recover(state, batch);
    release(state.aboard.filter((waiter) => !waiter.durable));
    state.aboard = state.aboard.filter((waiter) => waiter.durable);
    if (state.aboard.length > 0) await state.file.sync();
    release(state.aboard);
    state.aboard = [];
  } finally {
    clearInterval(stall);
  }
}

function board(state: State): Batch {
  const bytes = Buffer.from(state.lines.join(''));
  state.aboard = state.waiting;
  state.lines = [];
  state.waiting = [];
  return { bytes, written: 0 };
}

function release(waiters: readonly Waiter[]): void {
  for (const waiter of waiters) waiter.resolve();
}

function recover(state: State, batch: Batch): void {
  state.batch = undefined;
  state.spooledBytes -= batch.bytes.length;
  state.full = false;
  if (state.failing) state.log.info('the audit takes lines again', { detail: state.name });
  state.failing = false;
  if (state.dropped === 0) return;
  const line = `${JSON.stringify({ time: `${now()}Z`, kind: 'dropped', count: state.dropped })}\n`;
  if (accept(state, line, state.limitBytes)) state.dropped = 0;
}

/** Whoever waits goes on, for the line is in the spool; but for a durable line that is not enough. */
function fail(state: State, cause: unknown): void {
  if (!state.failing)
    state.log.error('the audit takes no lines', { ...errorFields(cause), detail: state.name });
  state.failing = true;
  const everyone = [...state.aboard, ...state.waiting];
  state.aboard = [];
  state.waiting = [];
  release(everyone.filter((waiter) => !waiter.durable));
  for (const waiter of everyone) if (waiter.durable) waiter.reject(refusal(cause));
}

function refusal(cause?: unknown): AuditUnavailable {
  return new AuditUnavailable('The audit is not available.', { cause });
}

function health({ failing, full, spooledBytes, dropped }: State): Omit<SinkHealth, 'name'> {
  return { state: full ? 'full' : failing ? 'failing' : 'ok', spooledBytes, dropped };
}

async function close(state: State): Promise<void> {
  await state.flight;
  if (state.lines.length > 0 || state.batch !== undefined) await fly(state);
  clearTimeout(state.timer);
  await state.file.sync().catch((error: unknown) => {
    fail(state, error);
  });
  await state.file.close();
  const lost = state.spooledBytes;
  if (lost > 0)
    state.log.error('audit lines were lost at the end', { count: lost, detail: `${state.name}, bytes` });
}
