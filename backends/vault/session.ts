import { createAlarm } from './alarm.ts';
import { isRefusal, statusFailure } from './answers.ts';
import type { VaultClient } from './client.ts';
import { createHolder, type Held, type Holder } from './holder.ts';
import { asker, createLogin, grantIn, type Ask, type Login, type LoginOptions } from './login.ts';

/** The token that requests go with: got, kept alive, replaced and given back. */
export interface Session {
  /** Logs in where there is none that still lives. `StoreMisconfigured` when the server refuses us. */
  token(): Promise<string>;
  /** Whether a request that was refused with `token` is worth another try, with another token. */
  replaced(token: string): Promise<boolean>;
  /** That the server still knows our token, or gives us another. */
  verify(): Promise<void>;
  facts(): SessionFacts;
  /** Revokes what we logged in for, if the server answers. */
  close(): Promise<void>;
}

export interface SessionFacts {
  /** Undefined: the token does not end. */
  readonly secondsLeft: number | undefined;
  readonly renewable: boolean;
}

export interface SessionDeps {
  readonly options: LoginOptions;
  readonly client: VaultClient;
  /** Monotonic milliseconds. */
  readonly clockMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Opens with a login: a store that may not log in does not open. */
export async function createSession(deps: SessionDeps): Promise<Session> {
  const { options, client, clockMs } = deps;
  const ask = asker(options, client);
  const login = await createLogin(options, ask);
  const renewal = createRenewal(deps, ask, login);
  const { holder } = renewal;
  const token = async (): Promise<string> => {
    const held = holder.current();
    return (held !== undefined && clockMs() < held.endsMs ? held : await holder.logIn()).token;
  };
  const replaced = async (refused: string): Promise<boolean> => {
    if (holder.current()?.token === refused && (await lives(ask, options.name, refused))) return false;
    // Others may have been refused with the same token, and have seen to it meanwhile.
    if (holder.current()?.token === refused) await holder.logIn();
    return holder.current()?.token !== refused;
  };
  const verify = async (): Promise<void> => {
    await replaced(await token());
  };
  await token();
  return {
    token,
    replaced,
    verify,
    facts: () => {
      const { endsMs = Infinity, renewable = false } = holder.current() ?? {};
      const secondsLeft = endsMs === Infinity ? undefined : Math.round((endsMs - clockMs()) / 1_000);
      return { secondsLeft, renewable };
    },
    close: async () => {
      renewal.stop();
      const last = await holder.release();
      if (last === undefined || !login.makesTokens) return;
      await ask('POST', 'auth/token/revoke-self', {}, last.token).catch(() => undefined);
    },
  };
}

/** Only the token itself can be asked: a 403 says the same of a dead token and of a policy. */
async function lives(ask: Ask, store: string, token: string): Promise<boolean> {
  const answer = await ask('GET', 'auth/token/lookup-self', undefined, token);
  if (answer.status === 200) return true;
  if (isRefusal(answer)) return false;
  throw statusFailure(store, 'a question about our token', answer);
}

/** Of its lease a token is renewed after this part, give or take the jitter: many brokers do not come at once. */
const RENEW_AFTER = 2 / 3;
const JITTER = 0.1;
/** A token without an end may be revoked all the same. */
const VERIFY_EVERY_MS = 3_600_000;
/** Near its greatest age a token is renewed for less than it was made for: it is time for another. */
const SHORTENED = 0.9;
/** Between attempts in the background, while the token still lives. */
const SOONEST_MS = 1_000;
const LATEST_MS = 60_000;

interface Renewal {
  readonly holder: Holder;
  stop(): void;
}

/** In the background. What fails is tried again while the token lives; after that the next request finds out. */
function createRenewal({ options, clockMs, random }: SessionDeps, ask: Ask, login: Login): Renewal {
  const jitter = (): number => 1 + JITTER * (2 * random() - 1);
  const onLease = ({ endsMs, leaseSeconds }: Held): void =>
    alarm.set(endsMs === Infinity ? VERIFY_EVERY_MS : leaseSeconds * 1_000 * RENEW_AFTER * jitter());
  const holder = createHolder({ store: options.name, login, clockMs, onLease });
  const kept = async (held: Held): Promise<boolean> => {
    if (held.endsMs !== Infinity) return held.renewable && renewed(held);
    if (!(await lives(ask, options.name, held.token))) return false;
    onLease(held);
    return true;
  };
  const renewed = async (held: Held): Promise<boolean> => {
    const askedMs = clockMs();
    const answer = await ask('POST', 'auth/token/renew-self', {}, held.token);
    if (answer.status !== 200) return false;
    const grant = grantIn(answer, options.name, 'a renewal');
    if (grant.leaseSeconds === 0) return false;
    holder.extend(held, grant, askedMs);
    return !login.makesTokens || grant.leaseSeconds >= held.firstLeaseSeconds * SHORTENED;
  };
  const freshen = async (): Promise<void> => {
    const held = holder.current();
    if (held === undefined) return;
    try {
      if (!(await kept(held))) await holder.logIn();
    } catch {
      const leftMs = Math.min(held.endsMs - clockMs(), VERIFY_EVERY_MS);
      if (leftMs > 0) alarm.set(Math.min(LATEST_MS, Math.max(SOONEST_MS, leftMs / 3)) * jitter());
    }
  };
  const alarm = createAlarm(() => void freshen());
  return { holder, stop: () => alarm.clear() };
}
