import { StoreOverloaded } from '../errors.ts';

/** A store's own share of the broker: what is slow behind it fills this, and nothing else. */
export interface Bulkhead {
  /** Resolves when there is room, with what makes room again. `StoreOverloaded`: too many wait, or it took `waitMs`. */
  enter(waitMs: number): Promise<() => void>;
  readonly load: () => { readonly running: number; readonly waiting: number };
}

/** For each operation under way so many may wait. */
const WAITING_PER_PLACE = 4;

interface Waiter {
  readonly admit: () => void;
}

export function createBulkhead(store: string, places: number): Bulkhead {
  const waiting: Waiter[] = [];
  let running = 0;

  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next.admit();
  };
  /** A place can be given back once. */
  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      leave();
    };
  };
  const queue = (waitMs: number): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          resolve(place());
        },
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(full(store, `no place within ${Math.round(waitMs)} ms`));
      }, waitMs);
      waiting.push(waiter);
    });

  return {
    enter: (waitMs) => {
      if (running < places) {
        running += 1;
        return Promise.resolve(place());
      }
      if (waiting.length < places * WAITING_PER_PLACE) return queue(waitMs);
      return Promise.reject(full(store, `${waiting.length} operations wait already`));
    },
    load: () => ({ running, waiting: waiting.length }),
  };
}

const full = (store: string, why: string): StoreOverloaded =>
  new StoreOverloaded(
    `store "${store}" takes no more at once (${why}): raise its "concurrency", or slow down`,
    {
      headers: { 'Retry-After': '1' },
    },
  );
