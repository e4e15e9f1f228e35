import { BrokerError, StoreMisconfigured } from '../errors.ts';
import type { SecretStore, StoreFacts, StoreKind } from './secret-store.ts';

/** `unavailable`: it does not answer. `misconfigured`: it refuses us until somebody changes something. */
export type StoreState = 'ok' | 'unavailable' | 'misconfigured';

/** What is known of a store without asking it. Nothing in it is secret, but it is for operators. */
export interface StoreStatus {
  readonly name: string;
  readonly kind: StoreKind;
  readonly state: StoreState;
  /** Since the last change. */
  readonly seconds: number;
  /** What is wrong, in words an operator can act on. */
  readonly reason?: string;
  readonly facts: StoreFacts;
  /** Operations under way, and waiting for a place. */
  readonly running: number;
  readonly waiting: number;
}

/** How a store stands that failed with this. */
export const stateAfter = (error: unknown): StoreState =>
  error instanceof StoreMisconfigured ? 'misconfigured' : 'unavailable';

/** What an operator is told about it: what was meant for the log, never the text of a foreign error. */
export const reasonOf = (error: unknown): string =>
  error instanceof BrokerError ? (error.detail ?? error.message) : 'an unexpected failure: see the log';

/** Of a guarded store what is known already; of one in this process what it says now. */
export async function statusOf(store: SecretStore): Promise<StoreStatus> {
  if (store.status !== undefined) return store.status();
  const { name, kind } = store;
  const at = { name, kind, seconds: 0, running: 0, waiting: 0 };
  try {
    return { ...at, state: 'ok', facts: await store.health() };
  } catch (error) {
    return { ...at, state: stateAfter(error), reason: reasonOf(error), facts: {} };
  }
}
