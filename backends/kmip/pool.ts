import { StoreOverloaded, StoreUnavailable } from '../../src/errors.ts';

/** What a pool keeps. */
export interface Poolable {
  isOpen(): boolean;
  /** Calls back once, when it has ended by itself or by `close`. */
  onEnd(listener: () => void): void;
  close(): void;
}

export interface PoolOptions<T extends Poolable> {
  /** Rejects with what a caller is to be told. */
  readonly open: () => Promise<T>;
  readonly min: number;
  readonly max: number;
  readonly idleMs: number;
  /** How long to wait for a connection while all of them are busy. */
  readonly waitMs: number;
  /** For errors. */
  readonly place: string;
}

export interface Lease<T> {
  readonly link: T;
  /** It was open before: meanwhile the other side may have hung up. */
  readonly isReused: boolean;
}

export interface Pool<T extends Poolable> {
  /** The connection goes back when `work` has settled; one that has ended is dropped. */
  use<R>(work: (lease: Lease<T>) => Promise<R>): Promise<R>;
  /** Closes what nobody uses: after a server restarted none of it is worth trying. */
  dropIdle(): void;
  counts(): { readonly open: number; readonly idle: number };
  /** Breaks what is under way. Twice is fine. */
  close(): void;
}

interface Waiter<T> {
  readonly give: (lease: Lease<T>) => void;
  readonly refuse: (error: unknown) => void;
}

interface State<T extends Poolable> extends PoolOptions<T> {
  readonly all: Set<T>;
  /** By when it was given back, the latest last. */
  readonly idle: Map<T, NodeJS.Timeout>;
  readonly waiters: Set<Waiter<T>>;
  isOpening: boolean;
  isClosed: boolean;
}

/**
 * Connections, opened one after another: small servers accept few at once (a backlog of five is seen), and where one cannot
 * be opened the next could not either.
 */
export function createPool<T extends Poolable>(options: PoolOptions<T>): Pool<T> {
  const state: State<T> = {
    ...options,
    all: new Set(),
    idle: new Map(),
    waiters: new Set(),
    isOpening: false,
    isClosed: false,
  };
  return {
    use: async (work) => {
      const lease = await acquire(state);
      try {
        return await work(lease);
      } finally {
        giveBack(state, lease.link);
      }
    },
    dropIdle: () => {
      for (const link of [...state.idle.keys()]) link.close();
    },
    counts: () => ({ open: state.all.size, idle: state.idle.size }),
    close: () => {
      state.isClosed = true;
      refuseAll(state, closedError(state));
      for (const link of [...state.all]) link.close();
    },
  };
}

const closedError = ({ place }: { place: string }): StoreUnavailable =>
  new StoreUnavailable(`${place} was closed by us`);

function acquire<T extends Poolable>(state: State<T>): Promise<Lease<T>> {
  if (state.isClosed) return Promise.reject(closedError(state));
  const link = takeIdle(state);
  if (link !== undefined) return Promise.resolve({ link, isReused: true });
  return new Promise((resolve, reject) => {
    const busy = `all ${state.max} connections to ${state.place} are busy`;
    const timer = setTimeout(() => waiter.refuse(new StoreOverloaded(busy)), state.waitMs);
    const leave = (): void => {
      clearTimeout(timer);
      state.waiters.delete(waiter);
    };
    const waiter: Waiter<T> = {
      give: (lease) => {
        leave();
        resolve(lease);
      },
      refuse: (error) => {
        leave();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    };
    state.waiters.add(waiter);
    openOne(state);
  });
}

/** The one used last, so that those nobody needs grow old and are closed. */
function takeIdle<T extends Poolable>({ idle }: State<T>): T | undefined {
  const [link, timer] = [...idle].at(-1) ?? [];
  if (link === undefined) return undefined;
  clearTimeout(timer);
  idle.delete(link);
  return link;
}

function giveBack<T extends Poolable>(state: State<T>, link: T): void {
  if (link.isOpen()) hand(state, { link, isReused: true });
}

function hand<T extends Poolable>(state: State<T>, lease: Lease<T>): void {
  const [waiter] = state.waiters;
  if (waiter === undefined) rest(state, lease.link);
  else waiter.give(lease);
}

function rest<T extends Poolable>(state: State<T>, link: T): void {
  const retire = (): void => {
    if (state.all.size > state.min) link.close();
    else rest(state, link);
  };
  state.idle.set(link, setTimeout(retire, state.idleMs));
}

function openOne<T extends Poolable>(state: State<T>): void {
  const { isClosed, isOpening, waiters, all, max } = state;
  if (isClosed || isOpening || waiters.size === 0 || all.size >= max) return;
  state.isOpening = true;
  void state
    .open()
    .finally(() => {
      state.isOpening = false;
    })
    .then(
      (link) => welcome(state, link),
      (error: unknown) => {
        // Those at work will come back. Without any there is nothing to wait for.
        if (all.size === 0) refuseAll(state, error);
      },
    );
}

function welcome<T extends Poolable>(state: State<T>, link: T): void {
  if (state.isClosed) return link.close();
  state.all.add(link);
  link.onEnd(() => {
    state.all.delete(link);
    clearTimeout(state.idle.get(link));
    state.idle.delete(link);
    openOne(state);
  });
  hand(state, { link, isReused: false });
  openOne(state);
}

function refuseAll<T extends Poolable>({ waiters }: State<T>, error: unknown): void {
  for (const waiter of waiters) waiter.refuse(error);
}
