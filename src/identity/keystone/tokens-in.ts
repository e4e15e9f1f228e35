import { Unauthenticated } from '../../errors.ts';
import type { Credentials } from '../provider.ts';

export interface Tokens {
  readonly user: string;
  readonly service: string | undefined;
}

/** Several times what Keystone issues (Fernet about 250, JWS under 1000): the rest is not worth a hash. */
const MAX_TOKEN_LENGTH = 4096;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** `undefined` when the request carries no token at all. A service cannot speak without the user it speaks for. */
export function tokensIn(headers: Credentials['headers']): Tokens | undefined {
  const user = tokenIn(headers['x-auth-token']) ?? tokenIn(headers['x-storage-token']);
  const service = tokenIn(headers['x-service-token']);
  if (user !== undefined) return { user, service };
  if (service === undefined) return undefined;
  throw new Unauthenticated('a service token came without a user token');
}

/** What could not have come from Keystone is not sent there: it would have to travel in a header again. */
function tokenIn(header: string | undefined): string | undefined {
  const token = header?.trim();
  if (token === undefined || token === '') return undefined;
  if (token.length <= MAX_TOKEN_LENGTH && PRINTABLE.test(token)) return token;
  throw new Unauthenticated('the token is too long or has characters that no token has');
}
