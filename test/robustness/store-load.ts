import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RealKind } from '../helpers/real-stores.ts';

/** What the callers of one store saw since the last reset. */
export interface Tally {
  readonly statuses: ReadonlyMap<number, number>;
  /** Reads that were answered with other bytes than were written. */
  readonly wrong: number;
  readonly slowestMs: number;
}

/** Reads and writes at every store, one project each, until it is stopped. */
export interface StoreLoad {
  reset(): void;
  tallies(): ReadonlyMap<RealKind, Tally>;
  /** Until a request that began after this call is served. */
  until200(kind: RealKind, ms: number): Promise<void>;
  /** Until every store has served a read and a write that began after this call. */
  settle(): Promise<void>;
  /** Stops the load and reads every payload that was acknowledged. */
  readAllBack(): Promise<{
    readonly acknowledged: ReadonlyMap<RealKind, number>;
    readonly missing: ReadonlyMap<RealKind, readonly string[]>;
  }>;
  stop(): Promise<void>;
}

const READERS = 2;
/** Between two requests of one caller. */
const PAUSE_MS = 20;
const WRITE_PAUSE_MS = 150;
const REQUEST_MS = 20_000;

interface Store {
  readonly kind: RealKind;
  readonly written: Map<string, string>;
  statuses: Map<number, number>;
  wrong: number;
  slowestMs: number;
  lastReadBegan: number;
  lastWriteBegan: number;
}

export async function startStoreLoad(url: string, kinds: readonly RealKind[]): Promise<StoreLoad> {
  const stores = kinds.map((kind) => newStore(kind));
  const state = { stopped: false };
  for (const store of stores) {
    for (let n = 0; n < READERS; n += 1) {
      if ((await write(url, store)) !== 201) throw new Error(`${store.kind} takes no secret`);
    }
  }
  const running = stores.flatMap((store) => [
    ...Array.from({ length: READERS }, () => loop(state, PAUSE_MS, () => read(url, store))),
    loop(state, WRITE_PAUSE_MS, () => write(url, store)),
  ]);
  const stop = async (): Promise<void> => {
    state.stopped = true;
    await Promise.all(running);
  };
  const named = (kind: RealKind): Store => stores.find((store) => store.kind === kind)!;
  return {
    stop,
    reset: () => {
      for (const store of stores) Object.assign(store, { statuses: new Map(), wrong: 0, slowestMs: 0 });
    },
    tallies: () => new Map(stores.map((store) => [store.kind, { ...store }])),
    until200: (kind, ms) => {
      const began = performance.now();
      return waitFor(() => named(kind).lastReadBegan > began, ms, `a read from ${kind}`);
    },
    settle: async () => {
      const began = performance.now();
      for (const store of stores) {
        const both = (): boolean => store.lastReadBegan > began && store.lastWriteBegan > began;
        await waitFor(both, 30_000, `a read and a write at ${store.kind}`);
      }
    },
    readAllBack: async () => {
      await stop();
      const missing = new Map<RealKind, string[]>();
      for (const store of stores) missing.set(store.kind, await unreadable(url, store));
      return { acknowledged: new Map(stores.map(({ kind, written }) => [kind, written.size])), missing };
    },
  };
}

const newStore = (kind: RealKind): Store => ({
  kind,
  written: new Map(),
  statuses: new Map(),
  wrong: 0,
  slowestMs: 0,
  lastReadBegan: 0,
  lastWriteBegan: 0,
});

async function loop(
  state: { readonly stopped: boolean },
  pauseMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!state.stopped) {
    await work();
    await sleep(pauseMs);
  }
}

const headersOf = (kind: RealKind): Record<string, string> => ({
  'X-Project-Id': `p-${kind}`,
  'X-User-Id': 'load',
  'X-Roles': 'creator',
});

async function write(url: string, store: Store): Promise<number> {
  const payload = randomBytes(24).toString('base64');
  const began = performance.now();
  const answer = await ask(store, began, `${url}/v1/secrets`, {
    method: 'POST',
    headers: { ...headersOf(store.kind), 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'load', payload, payload_content_type: 'text/plain' }),
  });
  if (answer.status === 201) {
    const { secret_ref: ref } = JSON.parse(answer.text) as { secret_ref: string };
    store.written.set(ref, payload);
    store.lastWriteBegan = began;
  }
  return answer.status;
}

async function read(url: string, store: Store): Promise<void> {
  const refs = [...store.written.keys()];
  const ref = refs[Math.floor(Math.random() * refs.length)] ?? url;
  const began = performance.now();
  const answer = await ask(store, began, `${ref}/payload`, {
    headers: { ...headersOf(store.kind), Accept: 'text/plain' },
  });
  if (answer.status !== 200) return;
  store.lastReadBegan = began;
  if (answer.text !== store.written.get(ref)) store.wrong += 1;
}

/** Status 0: no answer, which no outage of a store excuses. */
async function ask(
  store: Store,
  began: number,
  url: string,
  init: RequestInit,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_MS) })
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .catch((error: unknown) => ({ status: 0, text: String(error) }));
  store.statuses.set(answer.status, (store.statuses.get(answer.status) ?? 0) + 1);
  store.slowestMs = Math.max(store.slowestMs, Math.round(performance.now() - began));
  return answer;
}

async function unreadable(url: string, store: Store): Promise<string[]> {
  const missing: string[] = [];
  for (const [ref, payload] of store.written) {
    const answer = await ask(store, performance.now(), `${ref}/payload`, {
      headers: { ...headersOf(store.kind), Accept: 'text/plain' },
    });
    if (answer.status !== 200 || answer.text !== payload)
      missing.push(`${answer.status} ${ref.replace(url, '')}`);
  }
  return missing;
}

async function waitFor(done: () => boolean, ms: number, what: string): Promise<void> {
  const deadline = performance.now() + ms;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await sleep(20);
  }
}
