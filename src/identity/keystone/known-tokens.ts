import { hash } from 'node:crypto';
import { Unauthenticated } from '../../errors.ts';
import { type Deadline, within } from './deadline.ts';
import type { MillisecondClock } from './session.ts';
import { singleFlight } from './single-flight.ts';
import type { TokenCache } from './token-cache.ts';
import type { ValidateToken } from './validate-token.ts';
import { EXPIRED, isExpired, type ValidToken } from './valid-token.ts';

/**
 * What Keystone confirmed of the token, now or within the cache's time; else `Unauthenticated`. `vouched`: a service token
 * is beside it. The caller compares the expiry with the clock.
 */
export type KnownToken = (token: string, vouched: boolean, deadline: Deadline) => Promise<ValidToken>;

export interface Deps {
  readonly cache: TokenCache<ValidToken>;
  readonly validate: ValidateToken;
  readonly clock: MillisecondClock;
}

export function createKnownTokens({ cache, validate, clock }: Deps): KnownToken {
  const oneAtATime = singleFlight<ValidToken | undefined>();

  async function ask(key: string, token: string, vouched: boolean, deadline: Deadline): Promise<ValidToken> {
    const work = oneAtATime(`${vouched ? 'vouched' : 'plain'} ${key}`, async () => {
      const valid = await validate(token, vouched, deadline);
      if (valid !== undefined) cache.put(key, valid, valid.validatedAtMs);
      return valid;
    });
    const valid = await within(deadline, work);
    if (valid === undefined) throw new Unauthenticated('the identity service knows no such token');
    return valid;
  }

  return async (token, vouched, deadline) => {
    // The text itself must not sit in memory for minutes as the key of a map.
    const key = hash('sha256', token, 'base64');
    const nowMs = clock();
    const cached = cache.find(key, nowMs);
    if (cached === undefined) return ask(key, token, vouched, deadline);
    // No question to Keystone: clients with old tokens come in crowds.
    if (!vouched && isExpired(cached, nowMs)) throw new Unauthenticated(EXPIRED);
    return isUsable(cached, vouched, nowMs) ? cached : ask(key, token, vouched, deadline);
  };
}

/** Confirmed "although expired" is good only beside a service token; expired since needs to be confirmed as such. */
function isUsable(cached: ValidToken, vouched: boolean, nowMs: number): boolean {
  return cached.vouched ? vouched : !isExpired(cached, nowMs);
}
