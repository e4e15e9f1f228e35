/** Wakes this process's own worker when an order was placed. Nobody listening is fine: the row is the truth. */
export interface OrderBell {
  ring(): void;
  /** Until the function it gives is called. */
  listen(listener: () => void): () => void;
}

export function createOrderBell(): OrderBell {
  const listeners = new Set<() => void>();
  return {
    ring: () => {
      for (const listener of listeners) listener();
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
