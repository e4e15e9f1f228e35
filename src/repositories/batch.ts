import { isQueryTimeout } from './open-postgres.ts';

/** Statements of one kind on their way at once. With more, each would carry less; with one, each would wait for all others. */
const FLIGHTS = 2;
/** A batch must not become a statement that others wait long for. */
const MAX_ITEMS = 64;

/** Many items at once, all or none; the results in the order of the items. */
export type RunBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One item at a time to its callers. Those that come while others are under way share the next statement: nobody waits
 * for company, and under load a round trip, a plan and a commit serve many requests.
 */
export function batched<Item, Result>(run: RunBatch<Item, Result>): (item: Item) => Promise<Result> {
  const queue: Waiting<Item, Result>[] = [];
  let flights = 0;
  const takeOff = (): void => {
    if (queue.length === 0 || flights === FLIGHTS) return;
    flights += 1;
    void fly(run, queue.splice(0, MAX_ITEMS)).then((failure) => {
      flights -= 1;
      // Whoever waited for a database that says nothing has waited long enough: the next statement would say nothing too.
      if (isQueryTimeout(failure)) for (const { reject } of queue.splice(0)) reject(failure);
      takeOff();
    });
  };
  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      takeOff();
    });
}

/** Never throws: every one of the waiting hears what happened. Gives what it failed with. */
async function fly<Item, Result>(
  run: RunBatch<Item, Result>,
  aboard: readonly Waiting<Item, Result>[],
): Promise<unknown> {
  try {
    const results = await run(aboard.map(({ item }) => item));
    aboard.forEach(({ resolve }, index) => resolve(results[index] as Result));
    return undefined;
  } catch (error) {
    if (aboard.length > 1 && isAboutData(error)) for (const one of aboard) await fly(run, [one]);
    else for (const { reject } of aboard) reject(error);
    return error;
  }
}

/**
 * PostgreSQL refused what it was given, or rolled it back for another's sake (SQLSTATE classes 22, 23 and 40): one item's
 * fault is not the others'. After anything else nobody knows what was done, and nothing may be done twice.
 */
function isAboutData(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(22|23|40)...$/.test(code);
}
