export interface KeyCacheOptions {
  readonly maxEntries: number;
  /** Since insertion, not since the last use: a key that changed elsewhere is noticed after this long at the latest. */
  readonly ttlMs: number;
  /** Monotonic milliseconds. */
  readonly clockMs?: () => number;
}

/** Unwrapped keys, the least recently used forgotten first. They live in native memory: few, and not for ever. */
export interface KeyCache<K, V> {
  get(id: K): V | undefined;
  set(id: K, key: V): void;
  clear(): void;
}

export function createKeyCache<K, V>({
  maxEntries,
  ttlMs,
  clockMs = () => performance.now(),
}: KeyCacheOptions): KeyCache<K, V> {
  // A Map keeps the order of insertion: moving an entry to the end at each use leaves the oldest in front.
  const entries = new Map<K, { readonly key: V; readonly until: number }>();
  return {
    get: (id) => {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      entries.delete(id);
      if (entry.until <= clockMs()) return undefined;
      entries.set(id, entry);
      return entry.key;
    },
    set: (id, key) => {
      entries.delete(id);
      entries.set(id, { key, until: clockMs() + ttlMs });
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as K);
    },
    clear: () => entries.clear(),
  };
}
