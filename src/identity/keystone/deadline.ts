import { unavailable } from './unavailable.ts';

/** A moment on the monotonic clock, in milliseconds: a change of the wall clock neither shortens nor extends a wait. */
export type Deadline = number;

export function deadlineIn(milliseconds: number): Deadline {
  return performance.now() + milliseconds;
}

export function millisecondsLeft(deadline: Deadline): number {
  return Math.max(0, deadline - performance.now());
}

/** The answer if it comes in time. Work that others wait for too goes on without this caller. */
export async function within<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable('no answer in time')), millisecondsLeft(deadline));
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
