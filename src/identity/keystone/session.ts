import { z } from 'zod';
import type { Connection, Reply } from './connection.ts';
import { type Deadline, deadlineIn, within } from './deadline.ts';
import { type KeystoneOptions, loginRequest } from './options.ts';
import { parseBody } from './parse-body.ts';
import { singleFlight } from './single-flight.ts';
import { unavailable } from './unavailable.ts';

/** The broker's own token: renewed before it ends, one login at a time. */
export interface Session {
  token(deadline: Deadline): Promise<string>;
  /** Keystone refused this token: forget it, unless another has already taken its place. */
  drop(token: string): void;
}

interface OwnToken {
  readonly text: string;
  readonly expiresAtMs: number;
}

/** Milliseconds since the epoch. */
export type MillisecondClock = () => number;

/** A token must outlive the validation it is used for, and the difference between two machines' clocks. */
const RENEW_BEFORE_END_MS = 120_000;
/** Repeating a refused password with every request would lock the account. */
const PAUSE_AFTER_REFUSAL_MS = 5_000;

const loginBody = z.object({ token: z.object({ expires_at: z.string() }) });

export function createSession(
  connection: Connection,
  options: KeystoneOptions,
  clock: MillisecondClock,
): Session {
  const body = JSON.stringify(loginRequest(options));
  const oneAtATime = singleFlight<OwnToken>();
  let current: OwnToken | undefined;
  let refusedUntilMs = 0;

  // On a deadline of its own: the request that happened to start it may have little time left.
  async function login(): Promise<OwnToken> {
    if (clock() < refusedUntilMs) throw unavailable('our login was refused a moment ago');
    const call = {
      method: 'POST',
      path: '/auth/tokens',
      headers: { 'Content-Type': 'application/json' },
      body,
    } as const;
    const reply = await connection.send(call, deadlineIn(options.timeout * 1000));
    if (reply.status === 401) refusedUntilMs = clock() + PAUSE_AFTER_REFUSAL_MS;
    current = ownTokenIn(reply);
    return current;
  }

  return {
    token: async (deadline) => {
      if (current !== undefined && current.expiresAtMs - clock() >= RENEW_BEFORE_END_MS) return current.text;
      return (await within(deadline, oneAtATime('login', login))).text;
    },
    drop: (token) => {
      if (current?.text === token) current = undefined;
    },
  };
}

function ownTokenIn(reply: Reply): OwnToken {
  if (reply.status !== 201) throw unavailable(`our login was answered ${reply.status}`);
  const text = reply.headers['x-subject-token'];
  const expiresAtMs = Date.parse(parseBody(loginBody, reply.body, 'our login').token.expires_at);
  if (typeof text !== 'string' || Number.isNaN(expiresAtMs)) throw unavailable('our login brought no token');
  return { text, expiresAtMs };
}
