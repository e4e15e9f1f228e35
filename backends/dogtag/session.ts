import { refusal } from './refusal.ts';
import type { Rest, RestAnswer, RestRequest } from './rest.ts';

/** Who the KRA takes us for. */
export interface Account {
  readonly id: string;
}

/**
 * A servlet session. Without one the server opens a new one for every request, and keeps each for half an hour; with one
 * it also need not look up our certificate each time.
 */
export interface Session {
  /** Any answer but 401, which is tried once more after a fresh login and then is `StoreMisconfigured`. */
  call(request: Omit<RestRequest, 'cookie'>): Promise<RestAnswer>;
  login(): Promise<Account>;
  /** Whatever comes of it: a session that stays behind ends by itself. */
  logout(): Promise<void>;
}

/** Nobody waits long for a goodbye. */
const LOGOUT_SECONDS = 1;

/** `subsystem`: the path of its interface, such as `/kra/rest`. */
export function createSession(rest: Rest, subsystem: string): Session {
  const cookies = new Map<string, string>();
  let running: Promise<Account> | undefined;
  const send = async (request: RestRequest): Promise<RestAnswer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await rest.send(cookie === '' ? request : { ...request, cookie });
    for (const set of answer.cookies) cookies.set(set.split('=')[0] ?? '', set.slice(set.indexOf('=') + 1));
    return answer;
  };
  const login = (): Promise<Account> => {
    // Many first requests at once wait for one session.
    running ??= send({ method: 'GET', path: `${subsystem}/account/login` })
      .then((answer) => accountIn(rest.place, answer))
      .finally(() => (running = undefined));
    return running;
  };
  return {
    login,
    call: async (request) => {
      if (cookies.size === 0) await login();
      const answer = await send(request);
      if (answer.status !== 401) return answer;
      cookies.clear();
      await login();
      return send(request);
    },
    logout: async () => {
      if (cookies.size === 0) return;
      const request = { method: 'GET', path: `${subsystem}/account/logout`, within: LOGOUT_SECONDS } as const;
      await send(request).catch(() => undefined);
    },
  };
}

function accountIn(place: string, answer: RestAnswer): Account {
  const id = answer.json?.['id'];
  if (answer.status !== 200 || typeof id !== 'string') throw refusal(place, 'the login', answer);
  return { id };
}
