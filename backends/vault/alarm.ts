/** Node fires a timer that is set further ahead at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Alarm {
  /** In milliseconds from now, however many; instead of what was set before. */
  set(ms: number): void;
  clear(): void;
}

/** Calls back once, without keeping the process alive. */
export function createAlarm(ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  const set = (ms: number): void => {
    clearTimeout(timer);
    const step = Math.min(ms, LONGEST_TIMER_MS);
    timer = setTimeout(() => (ms > step ? set(ms - step) : ring()), step);
    timer.unref();
  };
  return { set, clear: () => clearTimeout(timer) };
}
