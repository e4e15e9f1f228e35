import { setTimeout as sleep } from 'node:timers/promises';
import { StoreMisconfigured, StoreOverloaded, StoreUnavailable } from '../errors.ts';
import { Payload } from '../model/payload.ts';
import { createBreaker, isIllness, type Breaker } from './breaker.ts';
import { createBulkhead, type Bulkhead } from './bulkhead.ts';
import type { GuardOptions } from './guard-options.ts';
import type { Inventory, InventoryPage } from './inventory.ts';
import type { KeyRotation } from './key-rotation.ts';
import type { KeyGenerator, Sealer, SecretStore, StoreFacts } from './secret-store.ts';
import { reasonOf, stateAfter, type StoreStatus } from './store-status.ts';

export interface GuardDeps {
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Told of each change from well to ill and back. */
  readonly onChange: (status: StoreStatus) => void;
}

export interface GuardedStore extends SecretStore {
  /** What is known without asking the store. */
  status(): StoreStatus;
}

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** Of the calls within ten seconds, how many may be repeated: a store that is down is not asked three times as much. */
const RETRY_SHARE = 0.1;
const RETRY_WINDOW_MS = 10_000;
/** A store that nobody asks much may still be asked again. */
const RETRIES_AT_LEAST = 10;

/** An RSA key of 4096 bits takes a small device the better part of a minute. Nobody waits for it in a request. */
const GENERATION_MS = 60_000;

interface Terms {
  readonly attempts: number;
  readonly deadlineMs: number;
}

type Call = <T>(work: () => Promise<T>, terms?: Terms) => Promise<T>;

/**
 * The store, within bounds: so many operations at once, so long for each, some tried again, and none while it is known
 * to be down. A store that fails costs its own callers a 503 and nobody else anything. Everything the seam has may be
 * repeated but for generating keys.
 */
export function guardStore(store: SecretStore, options: GuardOptions, deps: GuardDeps): GuardedStore {
  const bulkhead = createBulkhead(store.name, options.concurrency);
  const health = (): Promise<StoreFacts> =>
    withDeadline(store, options.deadline * 1_000, () => store.health());
  const breaker = createBreaker({ ...deps, health, onChange: () => deps.onChange(status()) });
  const status = (): StoreStatus => statusOf(store, deps.clockMs(), { breaker, bulkhead });
  const call = guardedCall(store, options, deps, { breaker, bulkhead });
  const { sealer, rotation, generator, inventory } = store;
  return {
    name: store.name,
    kind: store.kind,
    capabilities: store.capabilities,
    longestMs: Math.max(options.deadline * 1_000, generator === undefined ? 0 : GENERATION_MS),
    put: (secret, payload) => withOwn(payload, call, (own) => store.put(secret, own)),
    locate: (secret) => call(() => store.locate(secret)),
    get: (secret, ref) => call(() => store.get(secret, ref)),
    destroy: (secret, ref) => call(() => store.destroy(secret, ref)),
    health: () => breaker.probe(),
    status,
    close: () => {
      breaker.stop();
      return store.close();
    },
    ...(sealer === undefined ? {} : { sealer: guardSealer(sealer, call) }),
    ...(rotation === undefined ? {} : { rotation: guardRotation(rotation, call) }),
    ...(generator === undefined ? {} : { generator: guardGenerator(generator, call) }),
    ...(inventory === undefined ? {} : { inventory: guardInventory(inventory, call) }),
  };
}

/**
 * A caller that was told "too late" wipes its payload while the store may still be reading: the store gets one of its
 * own, which goes when the last attempt has ended.
 */
async function withOwn<T>(payload: Payload, call: Call, work: (own: Payload) => Promise<T>): Promise<T> {
  const own = Payload.copy(payload.bytes());
  const attempts: Promise<T>[] = [];
  try {
    return await call(() => {
      const attempt = work(own);
      attempts.push(attempt);
      return attempt;
    });
  } finally {
    void Promise.allSettled(attempts).then(() => own.wipe());
  }
}

const guardSealer = (sealer: Sealer, call: Call): Sealer => ({
  seal: (secret, payload) => withOwn(payload, call, (own) => sealer.seal(secret, own)),
  open: (secret, sealed) => call(() => sealer.open(secret, sealed)),
});

const guardRotation = ({ masterKeys, masterKeyOf, ...rotation }: KeyRotation, call: Call): KeyRotation => ({
  masterKeys,
  rewrap: (kek) => call(() => rotation.rewrap(kek)),
  newKek: (project, version) => call(() => rotation.newKek(project, version)),
  reseal: (...args) => call(() => rotation.reseal(...args)),
  ...(masterKeyOf === undefined
    ? {}
    : { masterKeyOf: (secret, sealed) => call(() => masterKeyOf(secret, sealed)) }),
});

/** The deadline is that of one page: there may be any number of them. */
function guardInventory(inventory: Inventory, call: Call): Inventory {
  const guarded = ({ objects, next }: InventoryPage): InventoryPage => ({
    objects,
    ...(next === undefined ? {} : { next: async () => guarded(await call(next)) }),
  });
  return {
    list: async () => guarded(await call(() => inventory.list())),
    destroy: (object) => call(() => inventory.destroy(object)),
  };
}

const GENERATING: Terms = { attempts: 1, deadlineMs: GENERATION_MS };

const guardGenerator = (generator: KeyGenerator, call: Call): KeyGenerator => ({
  makesKey: (secret, bits) => generator.makesKey(secret, bits),
  makeKey: (secret, bits) => call(() => generator.makeKey(secret, bits), GENERATING),
  makesPair: (kind, bits) => generator.makesPair(kind, bits),
  makePair: (pair, kind, bits) => call(() => generator.makePair(pair, kind, bits), GENERATING),
});

function statusOf(store: SecretStore, nowMs: number, { breaker, bulkhead }: Parts): StoreStatus {
  const { open, error, sinceMs, facts } = breaker.state();
  return {
    name: store.name,
    kind: store.kind,
    state: open ? stateAfter(error) : 'ok',
    seconds: Math.round((nowMs - sinceMs) / 1_000),
    ...(open ? { reason: reasonOf(error) } : {}),
    facts,
    ...bulkhead.load(),
  };
}

interface Parts {
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
}

function guardedCall(
  store: SecretStore,
  { deadline }: GuardOptions,
  { clockMs, random }: GuardDeps,
  { breaker, bulkhead }: Parts,
): Call {
  const budget = createRetryBudget(clockMs);
  const usual: Terms = { attempts: ATTEMPTS, deadlineMs: deadline * 1_000 };
  return async (work, { attempts, deadlineMs } = usual) => {
    requireClosed(store, breaker);
    const until = clockMs() + deadlineMs;
    budget.called();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(store, work, until - clockMs(), { breaker, bulkhead });
      } catch (error) {
        const pauseMs = random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
        const inTime = clockMs() + pauseMs < until;
        if (attempt >= attempts || !isWorthAnother(error) || !inTime || !budget.take()) throw error;
        await sleep(pauseMs);
        requireClosed(store, breaker);
      }
    }
  };
}

/** A place is held until the work ends by itself, even when its caller has been answered: the store is still at it. */
async function once<T>(
  store: SecretStore,
  work: () => Promise<T>,
  remainingMs: number,
  { breaker, bulkhead }: Parts,
): Promise<T> {
  const leave = await bulkhead.enter(remainingMs);
  const running = work().finally(leave);
  try {
    const result = await withDeadline(store, remainingMs, () => running);
    breaker.succeeded();
    return result;
  } catch (error) {
    if (isIllness(error)) breaker.failed(error);
    else breaker.succeeded();
    throw error;
  }
}

/** Not what refused us, and not what is full: asking again makes both worse. */
const isWorthAnother = (error: unknown): boolean =>
  error instanceof StoreUnavailable &&
  !(error instanceof StoreMisconfigured) &&
  !(error instanceof StoreOverloaded);

function requireClosed(store: SecretStore, breaker: Breaker): void {
  const { open, error, probeInMs } = breaker.state();
  if (!open) return;
  throw new StoreUnavailable(
    `store "${store.name}" is left alone until it is well again: ${reasonOf(error)}`,
    {
      cause: error,
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(probeInMs / 1_000))) },
    },
  );
}

/** Ends the wait, not the work: a backend's own time-outs end that. */
function withDeadline<T>(store: SecretStore, ms: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new StoreUnavailable(`store "${store.name}" has not answered within its "deadline"`));
    const timer = setTimeout(late, Math.max(0, ms));
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function createRetryBudget(clockMs: () => number): { called(): void; take(): boolean } {
  let beganMs = clockMs();
  let calls = 0;
  let retries = 0;
  return {
    called: () => {
      if (clockMs() - beganMs > RETRY_WINDOW_MS) {
        beganMs = clockMs();
        calls = 0;
        retries = 0;
      }
      calls += 1;
    },
    take: () => {
      if (retries >= Math.max(RETRIES_AT_LEAST, calls * RETRY_SHARE)) return false;
      retries += 1;
      return true;
    },
  };
}
