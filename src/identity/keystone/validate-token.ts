import type { Connection, Reply } from './connection.ts';
import type { Deadline } from './deadline.ts';
import { parseBody } from './parse-body.ts';
import type { MillisecondClock, Session } from './session.ts';
import { notFoundBody, tokenBody } from './token-body.ts';
import { unavailable } from './unavailable.ts';
import { type ValidToken, validToken } from './valid-token.ts';

export interface Deps {
  readonly issuer: string;
  readonly connection: Connection;
  readonly session: Session;
  readonly clock: MillisecondClock;
}

/** `undefined`: Keystone said that it knows no such valid token. Every other doubt is `IdentityUnavailable`. */
export type ValidateToken = (
  token: string,
  vouched: boolean,
  deadline: Deadline,
) => Promise<ValidToken | undefined>;

export function createValidateToken({ issuer, connection, session, clock }: Deps): ValidateToken {
  async function ask(token: string, vouched: boolean, deadline: Deadline): Promise<Reply> {
    const own = await session.token(deadline);
    const headers = {
      'X-Auth-Token': own,
      'X-Subject-Token': token,
      // Without it Keystone hides the tokens of application credentials with access rules: 404.
      'OpenStack-Identity-Access-Rules': '1',
    };
    const reply = await connection.send({ method: 'GET', path: pathFor(vouched), headers }, deadline);
    if (reply.status === 401) session.drop(own);
    return reply;
  }

  return async (token, vouched, deadline) => {
    const validatedAtMs = clock();
    let reply = await ask(token, vouched, deadline);
    if (reply.status === 401) reply = await ask(token, vouched, deadline);
    return tokenIn(reply, { issuer, vouched, validatedAtMs });
  };
}

function pathFor(vouched: boolean): string {
  return vouched ? '/auth/tokens?nocatalog&allow_expired=1' : '/auth/tokens?nocatalog';
}

function tokenIn(reply: Reply, validation: Parameters<typeof validToken>[1]): ValidToken | undefined {
  if (reply.status === 200) {
    return validToken(parseBody(tokenBody, reply.body, 'a validation').token, validation);
  }
  if (reply.status !== 404) throw unavailable(`a validation was answered ${reply.status}`);
  parseBody(notFoundBody, reply.body, 'a validation answered 404');
  return undefined;
}
