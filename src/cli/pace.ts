import type { Pace } from '../operations/runs/work-through.ts';
import { countOption, numberOption, type OptionValues } from './options.ts';

/** Some of a store's capacity is kept free for those who read and write meanwhile. */
export const USUAL_CONCURRENCY = 4;

/** What `--rate` and `--concurrency` say. */
export const paceOf = (options: OptionValues): Omit<Pace, 'signal'> => ({
  ratePerSecond: numberOption(options, 'rate'),
  concurrency: countOption(options, 'concurrency') ?? USUAL_CONCURRENCY,
});
