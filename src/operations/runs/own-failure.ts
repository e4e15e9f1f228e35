import { BrokerError, DatabaseUnavailable, StoreUnavailable } from '../../errors.ts';

/** An item's own failure, and not a store or a database that is away: all others would fail too. */
export const isOwnFailure = (error: unknown): error is BrokerError =>
  error instanceof BrokerError &&
  !(error instanceof StoreUnavailable) &&
  !(error instanceof DatabaseUnavailable);
