import type { Handle } from './module.ts';
import { faultOf, TokenFault } from './rv.ts';

/** How many may wait for each session: beyond that, waiting is longer than the patience of whoever waits. */
const WAITING_PER_SESSION = 32;

export interface SessionCounts {
  readonly sessions: number;
  readonly busy: number;
  readonly waiting: number;
}

/** Sessions of one token, opened at start; each serves one operation at a time. */
export interface SessionPool {
  /** A session for the length of `work`. `overloaded` when too many wait, `unavailable` after `limitMs` of waiting. */
  use<T>(limitMs: number, work: (session: Handle) => Promise<T>): Promise<T>;
  counts(): SessionCounts;
  /** How long the slowest work under way has gone on past its limit: a call of a module cannot be interrupted. */
  overdueMs(): number;
}

export interface SessionPoolDeps {
  readonly size: number;
  readonly open: () => Handle;
  readonly close: (session: Handle) => void;
  /** One call that needs no session. */
  readonly isAlive: () => boolean;
  /** Codes that say of a wrong tag, and of anything else, no more than that it failed. */
  readonly ambiguous: ReadonlySet<number>;
}

interface Waiting {
  readonly take: (session: Handle) => void;
  readonly timer: NodeJS.Timeout;
}

export function createSessionPool({ size, open, close, isAlive, ambiguous }: SessionPoolDeps): SessionPool {
  const free = openAll(size, open);
  const waiting: Waiting[] = [];
  const due = new Map<Handle, number>();
  let sessions = free.length;
  const give = (session: Handle): void => {
    const next = waiting.shift();
    if (next === undefined) return void free.push(session);
    clearTimeout(next.timer);
    next.take(session);
  };
  /** An operation that failed may still be active in its session, and cannot be cancelled before PKCS #11 3.0. */
  const replace = (session: Handle): void => {
    sessions -= 1;
    attempt(() => close(session));
    const fresh = attempt(open);
    if (fresh === undefined) return;
    sessions += 1;
    give(fresh);
  };
  const openAnother = (): Handle | undefined => {
    const session = sessions < size ? attempt(open) : undefined;
    if (session !== undefined) sessions += 1;
    return session;
  };
  const borrow = (limitMs: number): Promise<Handle> => {
    const session = free.pop() ?? openAnother();
    if (session !== undefined) return Promise.resolve(session);
    if (sessions === 0) throw new TokenFault('unavailable', 'no session is left', { repair: 'reset' });
    if (waiting.length >= size * WAITING_PER_SESSION)
      throw new TokenFault('overloaded', `${waiting.length} requests wait for ${sessions} sessions`);
    return queue(waiting, limitMs);
  };
  return {
    use: async (limitMs, work) => {
      const session = await borrow(limitMs);
      due.set(session, performance.now() + limitMs);
      try {
        const result = await work(session);
        due.delete(session);
        give(session);
        return result;
      } catch (error) {
        due.delete(session);
        const fault = faultOf(error);
        const isAmbiguous = fault.code !== undefined && ambiguous.has(fault.code);
        if (fault.kind === 'integrity' && !isAmbiguous) give(session);
        else replace(session);
        throw isAmbiguous && !isAlive() ? gone(fault) : fault;
      }
    },
    overdueMs: () => Math.max(0, ...[...due.values()].map((at) => performance.now() - at)),
    counts: () => ({ sessions, busy: sessions - free.length, waiting: waiting.length }),
  };
}

const gone = ({ code }: TokenFault): TokenFault =>
  new TokenFault('unavailable', 'the token no longer answers', {
    repair: 'reset',
    ...(code === undefined ? {} : { code }),
  });

/** A token with fewer sessions than asked for still serves, if it gives one. */
function openAll(size: number, open: () => Handle): Handle[] {
  const sessions = [open()];
  while (sessions.length < size) {
    const session = attempt(open);
    if (session === undefined) break;
    sessions.push(session);
  }
  return sessions;
}

function queue(waiting: Waiting[], waitMs: number): Promise<Handle> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(entry), 1);
      reject(new TokenFault('unavailable', 'every session of the token was busy for too long'));
    }, waitMs);
    const entry: Waiting = { take: resolve, timer };
    waiting.push(entry);
  });
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
