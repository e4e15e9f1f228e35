/** Work on the keeper session, one after the other: it is one session, and serves one operation at a time. */
export interface Keeper {
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createKeeper(): Keeper {
  let last: Promise<unknown> = Promise.resolve();
  return {
    alone: (work) => {
      const result = last.then(work, work);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
