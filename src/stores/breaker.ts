import { StoreMisconfigured, StoreOverloaded, StoreRejected, StoreUnavailable } from '../errors.ts';
import type { StoreFacts } from './secret-store.ts';

export interface BreakerDeps {
  /** Asks the store whether it can serve; rejects with what is wrong. */
  readonly health: () => Promise<StoreFacts>;
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** After each change from well to ill and back. */
  readonly onChange: () => void;
}

/** `open`: nothing is asked of the store until a probe finds it well. */
export interface BreakerState {
  readonly open: boolean;
  /** Why it is open. */
  readonly error: unknown;
  /** Monotonic milliseconds of the last change. */
  readonly sinceMs: number;
  /** Until the next probe. */
  readonly probeInMs: number;
  /** What the last probe that went well learned. */
  readonly facts: StoreFacts;
}

/**
 * Keeps requests away from a store that does not answer: they are told at once, and it is left alone to recover. Probes
 * the store whether or not anyone uses it: an outage at night is known before the first request of the day.
 */
export interface Breaker {
  state(): BreakerState;
  succeeded(): void;
  failed(error: unknown): void;
  /** Now; opens or closes by what it finds. Rejects with what is wrong. */
  probe(): Promise<StoreFacts>;
  /** No more probes. */
  stop(): void;
}

const PROBE_EVERY_MS = 10_000;
/** A device that restarts is back within two seconds; its callers should be too. */
const GONE_MS = { first: 1_000, longest: 5_000 };
/** What refuses us goes on doing so until somebody changes something, and may count how often we tried. */
const REFUSING_MS = { first: 15_000, longest: 60_000 };
/** Around each wait, so that many brokers do not knock together. */
const JITTER = 0.2;

/** Only what says that the store is ill: not a payload that does not open, and not that it has enough to do. */
export const isIllness = (error: unknown): boolean =>
  (error instanceof StoreUnavailable && !(error instanceof StoreOverloaded)) ||
  error instanceof StoreRejected;

export function createBreaker({ health, clockMs, random, onChange }: BreakerDeps): Breaker {
  const failures = createFailureWindow(clockMs);
  let state = { open: false, error: undefined as unknown, sinceMs: clockMs() };
  let facts: StoreFacts = {};
  let waitMs = 0;
  let probeAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (stopped) return;
    const jittered = ms * (1 + JITTER * (2 * random() - 1));
    probeAtMs = clockMs() + jittered;
    timer = setTimeout(() => void probe().catch(() => undefined), jittered);
    timer.unref();
  };
  const change = (open: boolean, error: unknown): void => {
    const changed = open !== state.open;
    state = { open, error, sinceMs: changed ? clockMs() : state.sinceMs };
    if (changed) onChange();
  };
  const open = (error: unknown): void => {
    const { first, longest } = error instanceof StoreMisconfigured ? REFUSING_MS : GONE_MS;
    waitMs = Math.min(longest, Math.max(first, waitMs * 2));
    schedule(waitMs);
    change(true, error);
  };
  const close = (): void => {
    waitMs = 0;
    failures.forget();
    schedule(PROBE_EVERY_MS);
    change(false, undefined);
  };
  const probe = async (): Promise<StoreFacts> => {
    try {
      facts = await health();
      close();
      return facts;
    } catch (error) {
      open(error);
      throw error;
    }
  };
  schedule(PROBE_EVERY_MS);
  return {
    state: () => ({ ...state, probeInMs: Math.max(0, probeAtMs - clockMs()), facts }),
    succeeded: () => failures.count(false),
    failed: (error) => {
      if (state.open || !isIllness(error)) return;
      failures.count(true);
      if (error instanceof StoreMisconfigured || failures.areTooMany()) open(error);
    },
    probe,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const WINDOW_MS = 10_000;
/** Below this many calls in a window a share says nothing. */
const ENOUGH_CALLS = 20;
const TOO_LARGE_A_SHARE = 0.5;
const TOO_MANY_IN_A_ROW = 5;

interface FailureWindow {
  count(failed: boolean): void;
  areTooMany(): boolean;
  forget(): void;
}

function createFailureWindow(clockMs: () => number): FailureWindow {
  const fresh = (): { beganMs: number; calls: number; failed: number } => ({
    beganMs: clockMs(),
    calls: 0,
    failed: 0,
  });
  let window = fresh();
  let inARow = 0;
  return {
    count: (failed) => {
      if (clockMs() - window.beganMs > WINDOW_MS) window = fresh();
      window.calls += 1;
      window.failed += failed ? 1 : 0;
      inARow = failed ? inARow + 1 : 0;
    },
    areTooMany: () =>
      inARow >= TOO_MANY_IN_A_ROW ||
      (window.calls >= ENOUGH_CALLS && window.failed / window.calls >= TOO_LARGE_A_SHARE),
    forget: () => {
      window = fresh();
      inARow = 0;
    },
  };
}
