import { IdentityUnavailable } from '../../errors.ts';

/** The original's text. Never 401: clients throw their tokens away on 401 and stampede the identity service. */
const MESSAGE = 'The Keystone service is temporarily unavailable.';

/**
 * `detail` and `cause` go to the log: pass no answer of Keystone's and no parser's error, both may quote a token.
 */
export function unavailable(detail: string, cause?: unknown): IdentityUnavailable {
  return new IdentityUnavailable(MESSAGE, { detail, ...(cause === undefined ? {} : { cause }) });
}
