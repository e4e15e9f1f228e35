import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { StoreMisconfigured, type BrokerError } from '../../src/errors.ts';
import { expected, isRefusal, statusFailure } from './answers.ts';
import type { VaultClient, VaultRequest } from './client.ts';
import type { VaultOptions } from './options.ts';
import type { Answer } from './transport.ts';

/** A token and what the server said of it. */
export interface Grant {
  readonly token: string;
  /** From when it was asked for; 0: it does not end. */
  readonly leaseSeconds: number;
  readonly renewable: boolean;
}

export interface Login {
  /** `StoreMisconfigured` when the server refuses us. */
  (): Promise<Grant>;
  /** Whether it makes a token, which is then ours to revoke; else it looks at one that was given to us. */
  readonly makesTokens: boolean;
}

export type LoginOptions = Pick<VaultOptions, 'name' | 'auth' | 'namespace' | 'login_namespace' | 'tls'>;

/** The way to a token that the options choose. A wrapped secret id is unwrapped here, once. */
export async function createLogin(options: LoginOptions, ask: Ask): Promise<Login> {
  const { approle, certificate, token } = options.auth;
  if (token !== undefined)
    return Object.assign(() => lookUp(ask, options.name, token), { makesTokens: false });
  if (approle !== undefined) {
    const { mount, role_id, secret_id, wrapped_secret_id = '' } = approle;
    const secret = secret_id ?? (await unwrapped(ask, options.name, mount, wrapped_secret_id));
    return loginBy(ask, options.name, `auth/${mount}/login`, { role_id, secret_id: secret });
  }
  const { mount = '', role } = certificate ?? {};
  const login = loginBy(ask, options.name, `auth/${mount}/login`, role === undefined ? {} : { name: role });
  const withCurrent = async (): Promise<Grant> => {
    requireCurrent(options);
    return login();
  };
  return Object.assign(withCurrent, { makesTokens: true });
}

/** The server says 500 to a certificate that has ended, as if the fault were its own. */
function requireCurrent({ name, tls: { cert = '' } }: LoginOptions): void {
  const { validTo } = new X509Certificate(cert);
  if (new Date(validTo) > new Date()) return;
  throw new StoreMisconfigured(`store "${name}": our certificate, tls.cert, ended on ${validTo}: renew it`);
}

export type Ask = (
  method: VaultRequest['method'],
  path: string,
  fields?: object,
  token?: string,
) => Promise<Answer>;

/** JSON to where logins go. */
export function asker(
  { namespace, login_namespace }: Pick<LoginOptions, 'namespace' | 'login_namespace'>,
  client: VaultClient,
): Ask {
  return async (method, path, fields, token) => {
    const body = fields === undefined ? undefined : Buffer.from(JSON.stringify(fields));
    try {
      return await client.call({
        method,
        path,
        namespace: login_namespace ?? namespace,
        ...(token === undefined ? {} : { token }),
        ...(body === undefined ? {} : { body }),
      });
    } finally {
      body?.fill(0);
    }
  };
}

const granted = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().min(0),
    renewable: z.boolean(),
  }),
});

/** The grant in the answer to a login or a renewal. */
export function grantIn(answer: Answer, store: string, what: string): Grant {
  const { auth } = expected(granted, answer, store, what);
  return { token: auth.client_token, leaseSeconds: auth.lease_duration, renewable: auth.renewable };
}

function loginBy(ask: Ask, store: string, path: string, fields: object): Login {
  const login = async (): Promise<Grant> => {
    const answer = await ask('POST', path, fields);
    if (answer.status === 200) return grantIn(answer, store, `a login at ${path}`);
    throw loginFailure(store, path, answer);
  };
  return Object.assign(login, { makesTokens: true });
}

/** Vault says 400 to credentials that are wrong or used up, and 403 to a method that is not enabled. */
function loginFailure(store: string, path: string, answer: Answer): BrokerError {
  const { status } = answer;
  if (status !== 400 && !isRefusal(answer)) return statusFailure(store, `a login at ${path}`, answer);
  return new StoreMisconfigured(
    `store "${store}": the server refuses our login at ${path} (${status}): are the credentials right and not used up, ` +
      'and is the method enabled there?',
  );
}

const looked = z.object({
  data: z.object({
    ttl: z.number().min(0),
    expire_time: z.string().nullable(),
    renewable: z.boolean().default(false),
  }),
});

/** A token asked about itself: every policy but the emptiest allows it. */
async function lookUp(ask: Ask, store: string, token: string): Promise<Grant> {
  const answer = await ask('GET', 'auth/token/lookup-self', undefined, token);
  if (isRefusal(answer)) {
    throw new StoreMisconfigured(
      `store "${store}": the server does not take the token under "auth" (${answer.status}): it has ended or was revoked`,
    );
  }
  if (answer.status !== 200) throw statusFailure(store, 'a question about our token', answer);
  const { data } = expected(looked, answer, store, 'a question about our token');
  // A token in its last second has a `ttl` of 0 as well; only one without an end has no time to end at.
  const leaseSeconds = data.expire_time === null ? 0 : Math.max(1, data.ttl);
  return { token, leaseSeconds, renewable: data.renewable };
}

const wrapping = z.object({ data: z.object({ creation_path: z.string() }) });
const wrapped = z.object({ data: z.object({ secret_id: z.string().min(1) }) });

/**
 * Somebody who got hold of the wrapping token can unwrap it and wrap something else; where it was wrapped gives that
 * away. A second unwrapping fails, and tells the operator that there was a first.
 */
async function unwrapped(ask: Ask, store: string, mount: string, token: string): Promise<string> {
  const origin = await ask('POST', 'sys/wrapping/lookup', { token });
  if (origin.status !== 200) throw wrappingFailure(store, origin);
  const { data } = expected(wrapping, origin, store, 'a question about the wrapped secret id');
  const own =
    data.creation_path.startsWith(`auth/${mount}/role/`) && data.creation_path.endsWith('/secret-id');
  if (!own)
    throw new StoreMisconfigured(`store "${store}": what is wrapped was not made by ${mount}: do not use it`);
  const answer = await ask('POST', 'sys/wrapping/unwrap', {}, token);
  if (answer.status !== 200) throw wrappingFailure(store, answer);
  return expected(wrapped, answer, store, 'the unwrapping of the secret id').data.secret_id;
}

function wrappingFailure(store: string, answer: Answer): BrokerError {
  if (answer.status !== 400 && !isRefusal(answer))
    return statusFailure(store, 'the unwrapping of the secret id', answer);
  return new StoreMisconfigured(
    `store "${store}": the wrapped secret id has ended or was unwrapped already (${answer.status}): if not by us, somebody ` +
      'else has it; make a new one',
  );
}
