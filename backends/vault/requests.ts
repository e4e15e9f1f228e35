import { isRefusal } from './answers.ts';
import type { VaultClient, VaultRequest } from './client.ts';
import type { Session } from './session.ts';
import type { Answer } from './transport.ts';

/** With a token of ours; a refusal that a fresh token may lift is tried once more. */
export type Authorised = (request: Omit<VaultRequest, 'token' | 'namespace'>) => Promise<Answer>;

/** Any 403 is one of a dead token or of a policy: only the token itself can be asked which. */
export function authorise(client: VaultClient, session: Session, namespace: string | undefined): Authorised {
  const send = async (request: Omit<VaultRequest, 'token' | 'namespace'>, token: string): Promise<Answer> =>
    client.call({ ...request, token, namespace });
  return async (request) => {
    const token = await session.token();
    const answer = await send(request, token);
    if (!isRefusal(answer) || !(await session.replaced(token))) return answer;
    return send(request, await session.token());
  };
}
