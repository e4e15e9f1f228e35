import {
  IntegrityError,
  InternalError,
  NotSupported,
  StoreMisconfigured,
  StoreOverloaded,
  StoreRejected,
  StoreUnavailable,
  type BrokerError,
} from '../../src/errors.ts';
import type { FaultKind } from './rv.ts';

/** A fault of the token's process as an error of ours. `store` is named for whoever reads the log. */
export function brokerError(store: string, kind: FaultKind, text: string): BrokerError {
  const detail = `store "${store}": ${text}`;
  switch (kind) {
    case 'unavailable':
      return new StoreUnavailable(detail);
    case 'overloaded':
      return new StoreOverloaded(detail);
    case 'misconfigured':
      return new StoreMisconfigured(detail);
    case 'rejected':
      return new StoreRejected(detail);
    case 'integrity':
      return new IntegrityError('', { detail });
    case 'not_supported':
      return new NotSupported(`the secret store "${store}" cannot do this`, { detail, family: 'issue' });
    case 'internal':
      return new InternalError('', { detail });
  }
}
