/** A bounded cache with a time to live. The least recently used go first, as good as a clock with one hand can tell. */
export interface TokenCache<T> {
  find(key: string, nowMs: number): T | undefined;
  put(key: string, value: T, nowMs: number): void;
}

interface Slot<T> {
  readonly value: T;
  readonly untilMs: number;
  /** Set by a hit, cleared when the hand passes: a hit costs one lookup and no reordering. */
  used: boolean;
}

/** `ttlMs` of nought or less keeps nothing. */
export function createTokenCache<T>(capacity: number, ttlMs: number): TokenCache<T> {
  const slots = new Map<string, Slot<T>>();
  return {
    find: (key, nowMs) => {
      const slot = slots.get(key);
      if (slot === undefined) return undefined;
      if (nowMs < slot.untilMs) {
        slot.used = true;
        return slot.value;
      }
      slots.delete(key);
      return undefined;
    },
    put: (key, value, nowMs) => {
      if (ttlMs <= 0) return;
      slots.delete(key);
      if (slots.size >= capacity) evictOne(slots);
      slots.set(key, { value, untilMs: nowMs + ttlMs, used: false });
    },
  };
}

/** Second chance: the oldest that was not used since the hand last passed. Each pass clears a mark, so it ends. */
function evictOne<T>(slots: Map<string, Slot<T>>): void {
  for (const [key, slot] of slots) {
    slots.delete(key);
    if (!slot.used) return;
    slot.used = false;
    slots.set(key, slot);
  }
}
