/** Work on one key after the other; on different keys at once. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Within this process only. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
