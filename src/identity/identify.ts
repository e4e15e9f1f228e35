import { Unauthenticated } from '../errors.ts';
import type { Identity } from '../model/principal.ts';
import type { Credentials, IdentityProvider } from './provider.ts';

/** Asks each provider in the configured order; the first that knows the credential answers for it. */
export async function identify(
  providers: readonly IdentityProvider[],
  credentials: Credentials,
): Promise<Identity> {
  for (const provider of providers) {
    const identity = await ask(provider, credentials, challengeOf(provider, providers));
    if (identity !== undefined) return identity;
  }
  throw unauthenticated('no credential that an identity provider knows', challengeOf(undefined, providers));
}

async function ask(
  provider: IdentityProvider,
  credentials: Credentials,
  challenge: string | undefined,
): Promise<Identity | undefined> {
  try {
    const identity = await provider.identify(credentials);
    if (identity !== undefined) refuseIncomplete(identity);
    return identity;
  } catch (error) {
    throw error instanceof Unauthenticated ? withChallenge(error, challenge) : error;
  }
}

/**
 * Ownership is decided by comparing ids: nobody without both reaches the policy, where an absent id could equal another
 * absent id. System, domain and unscoped credentials stop here, as in the original.
 */
function refuseIncomplete({ principal }: Identity): void {
  if (principal.user.id === '') throw new Unauthenticated('the credential names no user');
  if (principal.project === null || principal.project.id === '') {
    throw new Unauthenticated(`the credential is not scoped to a project (scope: ${principal.scope})`);
  }
}

/** A client needs to know where to get a credential: the refusing provider's word, else the first that has one. */
function challengeOf(
  provider: IdentityProvider | undefined,
  providers: readonly IdentityProvider[],
): string | undefined {
  return provider?.challenge ?? providers.find(({ challenge }) => challenge !== undefined)?.challenge;
}

function withChallenge(error: Unauthenticated, challenge: string | undefined): Unauthenticated {
  if (error.headers['WWW-Authenticate'] !== undefined) return error;
  return unauthenticated(error.detail ?? '', challenge, error.cause);
}

function unauthenticated(detail: string, challenge: string | undefined, cause?: unknown): Unauthenticated {
  return new Unauthenticated(detail, {
    ...(challenge === undefined ? {} : { challenge }),
    ...(cause === undefined ? {} : { cause }),
  });
}
