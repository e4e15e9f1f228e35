import { createKeeper } from './keeper.ts';
import {
  create,
  reveal,
  rewrap,
  unwrap,
  verified,
  type Under,
  type WrappedKey,
  type WrappingDeps,
} from './key-wrapping.ts';
import type { Handle } from './module.ts';
import type { Token } from './token.ts';

interface Entry {
  readonly key: Handle;
  readonly untilMs: number;
  users: number;
  /** Out of the cache; destroyed by its last user. */
  gone: boolean;
}

/** Project keys unwrapped inside the token, as session objects of the keeper that cannot be taken out. */
export interface ProjectKeyHandles {
  /** The key stays where it is until `work` ends, whatever becomes of the cache. */
  use<T>(kek: WrappedKey, session: Handle, work: (key: Handle) => Promise<T>): Promise<T>;
  /** The key's bytes, the caller's to wipe: for mode K alone. */
  reveal(kek: WrappedKey, session: Handle): Promise<Buffer>;
  /** A new key in the form in which the database keeps it (KBK1). */
  create(under: Under, session: Handle): Promise<Buffer>;
  /** The same key under another master key, in that form. */
  rewrap(kek: WrappedKey, under: Under, session: Handle): Promise<Buffer>;
  /** After a handle turned out to be stale. */
  forget(): void;
  readonly size: number;
}

/** A key may be kept in the token for so long, from its unwrapping, and so many of them. */
interface Limits {
  readonly entries: number;
  readonly ttlMs: number;
}

export interface ProjectKeyDeps extends WrappingDeps {
  readonly limits: Limits;
}

export function createProjectKeyHandles(deps: ProjectKeyDeps): ProjectKeyHandles {
  const keeper = createKeeper();
  const cache = createHandleCache(deps.token, deps.limits);
  const loading = new Map<string, Promise<Entry>>();
  const load = async (kek: WrappedKey, session: Handle): Promise<Entry> => {
    const bytes = await verified(deps, kek, session);
    return cache.add(identityOf(kek), await keeper.alone(() => unwrap(deps, bytes, deps.token.keeper)));
  };
  const find = (kek: WrappedKey, session: Handle): Promise<Entry> | Entry => {
    const id = identityOf(kek);
    const cached = cache.find(id);
    if (cached !== undefined) return cached;
    // Of many first users at once, one unwraps the key and all wait for it.
    const running = loading.get(id) ?? load(kek, session).finally(() => loading.delete(id));
    loading.set(id, running);
    return running;
  };
  /** Between finding a key and counting its user nobody else may run, or it could be destroyed in between. */
  const acquire = async (kek: WrappedKey, session: Handle): Promise<Entry> => {
    for (;;) {
      const found = find(kek, session);
      const entry = found instanceof Promise ? await found : found;
      if (entry.gone) continue;
      entry.users += 1;
      return entry;
    }
  };
  return {
    use: async (kek, session, work) => {
      const entry = await acquire(kek, session);
      try {
        return await work(entry.key);
      } finally {
        entry.users -= 1;
        cache.release(entry);
      }
    },
    reveal: async (kek, session) => reveal(deps, await verified(deps, kek, session), session),
    create: (under, session) => create(deps, under, session),
    rewrap: async (kek, under, session) => rewrap(deps, await verified(deps, kek, session), under, session),
    forget: () => cache.forget(),
    get size() {
      return cache.size();
    },
  };
}

/**
 * The row under an id may be another by now: a key answers only for the bytes it came from. While a key is wrapped by
 * another master key, some processes still know the bytes from before.
 */
const identityOf = ({ id, aad, wrapped }: WrappedKey): string =>
  Buffer.concat([id, aad, wrapped]).toString('latin1');

interface HandleCache {
  find(id: string): Entry | undefined;
  add(id: string, key: Handle): Entry;
  /** Destroys what is out of the cache and has no user left. */
  release(entry: Entry): void;
  forget(): void;
  size(): number;
}

/** The oldest goes first. */
function createHandleCache(token: Token, { entries: most, ttlMs }: Limits): HandleCache {
  const entries = new Map<string, Entry>();
  const release = (entry: Entry): void => {
    if (entry.gone && entry.users === 0) destroyQuietly(token, entry.key);
  };
  const evict = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    entry.gone = true;
    release(entry);
  };
  return {
    find: (id) => {
      const cached = entries.get(id);
      if (cached !== undefined && cached.untilMs <= performance.now()) {
        evict(id);
        return undefined;
      }
      return cached;
    },
    add: (id, key) => {
      evict(id);
      if (entries.size >= most) evict(entries.keys().next().value as string);
      const untilMs = performance.now() + ttlMs;
      const entry: Entry = { key, untilMs, users: 0, gone: false };
      entries.set(id, entry);
      return entry;
    },
    release,
    forget: () => {
      for (const id of [...entries.keys()]) evict(id);
    },
    size: () => entries.size,
  };
}

/** An object that is gone already is as good as destroyed, and a token that is away has lost it too. */
function destroyQuietly({ module, keeper }: Token, key: Handle): void {
  try {
    module.C_DestroyObject(keeper, key);
  } catch {
    return;
  }
}
