import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import type { Grant, Login } from './login.ts';

export interface Held extends Grant {
  /** Monotonic milliseconds; Infinity: no end. */
  readonly endsMs: number;
  /** Of the first lease, which renewals are measured by. */
  readonly firstLeaseSeconds: number;
}

/** The one token of a store, wherever it is in its life. */
export interface Holder {
  current(): Held | undefined;
  /** Another token. However many ask at once: one login. `StoreMisconfigured` when the server refuses us. */
  logIn(): Promise<Held>;
  /** The token lives on, for the lease in `grant` from `askedMs` on; unless it has been replaced meanwhile. */
  extend(held: Held, grant: Grant, askedMs: number): void;
  /** No more logins. What was held last. */
  release(): Promise<Held | undefined>;
}

interface HolderDeps {
  readonly store: string;
  readonly login: Login;
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
  /** Told of each lease. */
  readonly onLease: (held: Held) => void;
}

export function createHolder({ store, login, clockMs, onLease }: HolderDeps): Holder {
  const patient = withoutHammering(login, clockMs);
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;
  let released = false;
  const hold = (grant: Grant, askedMs: number, firstLeaseSeconds: number): Held => {
    const endsMs = grant.leaseSeconds === 0 ? Infinity : askedMs + grant.leaseSeconds * 1_000;
    held = { ...grant, endsMs, firstLeaseSeconds };
    if (!released) onLease(held);
    return held;
  };
  const logIn = async (): Promise<Held> => {
    const askedMs = clockMs();
    const grant = await patient();
    return hold(grant, askedMs, grant.leaseSeconds);
  };
  return {
    current: () => held,
    logIn: () => {
      if (released) return Promise.reject(new StoreUnavailable(`store "${store}" is closed`));
      pending ??= logIn().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    extend: (extended, grant, askedMs) => {
      if (held === extended) hold({ ...grant, token: held.token }, askedMs, held.firstLeaseSeconds);
    },
    release: async () => {
      released = true;
      await pending?.catch(() => undefined);
      const last = held;
      held = undefined;
      return last;
    },
  };
}

/** The server locks out who is refused too often, and requests come by the hundred. */
const REFUSED_FOR_MS = 10_000;

function withoutHammering(login: Login, clockMs: () => number): () => Promise<Grant> {
  let refusal: { readonly error: StoreMisconfigured; readonly atMs: number } | undefined;
  return async () => {
    if (refusal !== undefined && clockMs() - refusal.atMs < REFUSED_FOR_MS) throw refusal.error;
    try {
      const grant = await login();
      refusal = undefined;
      return grant;
    } catch (error) {
      if (error instanceof StoreMisconfigured) refusal = { error, atMs: clockMs() };
      throw error;
    }
  };
}
