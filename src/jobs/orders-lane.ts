/** Where work comes from and what is done with it. */
export interface LaneOptions<Claim> {
  readonly atOnce: number;
  /** At most so many; fewer: there is no more for now. */
  readonly claim: (most: number) => Promise<readonly Claim[]>;
  readonly work: (claim: Claim) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface Lane {
  /** There may be work. Never waits, never throws. */
  wake(): void;
  /** Takes no more, and waits for what is under way. */
  stop(): Promise<void>;
}

/** Works what can be claimed, at most so much at once, until there is no more; then sleeps until the next `wake`. */
export function startLane<Claim>({ atOnce, claim, work, onError }: LaneOptions<Claim>): Lane {
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | undefined;
  let woken = false;
  let stopped = false;

  const begin = (one: Claim): void => {
    const done = work(one)
      .catch(onError)
      .then(() => {
        underWay.delete(done);
        wake();
      });
    underWay.add(done);
  };
  /** Whoever wakes meanwhile may have seen work that the claim under way did not. */
  const look = async (): Promise<void> => {
    while (woken && !stopped && underWay.size < atOnce) {
      woken = false;
      const claims = await claim(atOnce - underWay.size);
      claims.forEach(begin);
    }
  };
  const wake = (): void => {
    woken = true;
    looking ??= look()
      .catch(onError)
      .finally(() => {
        looking = undefined;
        // Woken after the last look, and before this: it would be forgotten.
        if (woken && !stopped && underWay.size < atOnce) wake();
      });
  };
  return {
    wake,
    stop: async () => {
      stopped = true;
      await looking;
      await Promise.all(underWay);
    },
  };
}
