import { z } from 'zod';

/** How a store is guarded (see guarded-store.ts); both depend on what stands behind it. */
export interface GuardOptions {
  /** Operations under way at once; four times as many may wait. */
  readonly concurrency: number;
  /** Seconds that one operation may take with all its attempts and its waiting. */
  readonly deadline: number;
}

interface GuardShape {
  readonly concurrency: z.ZodDefault<z.ZodInt>;
  readonly deadline: z.ZodDefault<z.ZodNumber>;
}

/** Spread into the options of every store that is not of this process. */
export const guardOptions = (defaults: GuardOptions): GuardShape => ({
  concurrency: z.int().min(1).max(1_000).default(defaults.concurrency),
  deadline: z.number().positive().max(600).default(defaults.deadline),
});
