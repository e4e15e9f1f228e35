/** Work on one key after the other, in the order in which it came; on different keys at once. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** For a server that does not itself keep two writes of one secret apart. Within this process only. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    last.set(key, mine);
    const leave = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(leave, leave);
    return mine;
  };
}
