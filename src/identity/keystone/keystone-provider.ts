import { Unauthenticated } from '../../errors.ts';
import type { Identity } from '../../model/principal.ts';
import type { Credentials, IdentityProvider } from '../provider.ts';
import { isAllowedByRules } from './access-rules.ts';
import { createConnection } from './connection.ts';
import { type Deadline, deadlineIn } from './deadline.ts';
import { createKnownTokens, type KnownToken } from './known-tokens.ts';
import type { KeystoneOptions } from './options.ts';
import { createSession, type MillisecondClock } from './session.ts';
import { createTokenCache } from './token-cache.ts';
import { tokensIn } from './tokens-in.ts';
import { createValidateToken } from './validate-token.ts';
import { EXPIRED, isExpired, principalAt, type ValidToken } from './valid-token.ts';

export interface Deps {
  /** Milliseconds since the epoch; `Date.now` outside tests. */
  readonly clock: MillisecondClock;
}

/** Believes nothing but what Keystone answers about a token: identity headers of the client's are never read. */
export function createKeystoneProvider(
  name: string,
  options: KeystoneOptions,
  { clock }: Deps,
): IdentityProvider {
  const connection = createConnection(options);
  const session = createSession(connection, options, clock);
  const known = createKnownTokens({
    cache: createTokenCache<ValidToken>(options.token_cache_size, options.token_cache_time * 1000),
    validate: createValidateToken({ issuer: name, connection, session, clock }),
    clock,
  });
  const serviceRoles = new Set(options.service_token_roles.map((role) => role.toLowerCase()));

  return {
    name,
    challenge: `Keystone uri="${options.www_authenticate_uri ?? options.auth_url}"`,
    identify: async (credentials) => {
      const tokens = tokensIn(credentials.headers);
      if (tokens === undefined) return undefined;
      const deadline = deadlineIn(options.timeout * 1000);
      const service = await serviceOf(known, serviceRoles, tokens.service, deadline);
      const user = await known(tokens.user, service !== null, deadline);
      if (service === null) checkAccessRules(user, options.service_type, credentials);
      return identityAt(user, service, clock());
    },
    close: async () => connection.close(),
  };
}

/** Cached or fresh, a token is compared with the clock at every use. Only a user's may be late, beside a service's. */
function identityAt(user: ValidToken, service: ValidToken | null, nowMs: number): Identity {
  if (isExpired(service ?? user, nowMs)) throw new Unauthenticated(EXPIRED);
  return {
    principal: principalAt(user, nowMs),
    service: service === null ? null : principalAt(service, nowMs),
  };
}

/** A service token that is not good spoils the whole request, whatever the user's token is worth. */
async function serviceOf(
  known: KnownToken,
  roles: ReadonlySet<string>,
  token: string | undefined,
  deadline: Deadline,
): Promise<ValidToken | null> {
  if (token === undefined) return null;
  const service = await known(token, false, deadline);
  if (service.holder.roles.some((role) => roles.has(role))) return service;
  throw new Unauthenticated('the service token holds no service role');
}

/** Not asked beside a service token: the call is then one link of a chain that began with an allowed one. */
function checkAccessRules(token: ValidToken, serviceType: string | null, access: Credentials): void {
  if (token.accessRules === undefined) return;
  if (serviceType === null)
    throw new Unauthenticated('access rules cannot be checked: no service_type is configured');
  if (isAllowedByRules(token.accessRules, serviceType, access)) return;
  throw new Unauthenticated('no access rule of the application credential allows this');
}
