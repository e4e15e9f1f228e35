import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../src/log.ts';
import { connectSocket } from './link.ts';
import type { Pkcs11Options } from './options.ts';
import type { Rendezvous } from './rendezvous.ts';
import { TokenFault } from './rv.ts';
import { ENDED_WELL, spawnTokenProcess, type TokenProcess } from './spawn-token-process.ts';

/** Node needs a tenth of a second to start, and much longer on a machine that is busy. */
const LISTEN_MS = 10_000;
/** Whoever was to start the process may have died. */
const CLAIM_MS = 3_000;
const POLL_MS = 20;
/** Besides one for each session: the keeper's calls, and files. */
const SPARE_THREADS = 2;

export interface MeetingDeps {
  readonly options: Pkcs11Options;
  readonly log: Log;
}

/** Connected to the process of that number. */
export interface Meeting {
  readonly socket: Socket;
  readonly number: number;
}

/** Of the processes that find nobody to connect to, one starts the process, and all wait for it. */
export async function meet(rendezvous: Rendezvous, parts: MeetingDeps): Promise<Meeting> {
  const newest = rendezvous.newest();
  const there = newest === 0 ? undefined : await connectPatiently(rendezvous.path(newest));
  if (there !== undefined) return { socket: there, number: newest };
  const number = newest + 1;
  const path = rendezvous.path(number);
  const child = rendezvous.claim(number) ? begin(parts, path) : undefined;
  const socket = await awaited(rendezvous, number, child, child === undefined ? CLAIM_MS : LISTEN_MS);
  if (socket !== undefined) return { socket, number };
  if (rendezvous.newest() > number) return meet(rendezvous, parts);
  if (child !== undefined) throw didNotListen(`nothing for ${LISTEN_MS} ms`);
  const own = await awaited(rendezvous, number, begin(parts, path), LISTEN_MS);
  if (own === undefined) throw didNotListen(`nothing for ${LISTEN_MS} ms`);
  return { socket: own, number };
}

/** Undefined when nobody listens in time, or when a newer one does. */
async function awaited(
  rendezvous: Rendezvous,
  number: number,
  child: TokenProcess | undefined,
  limitMs: number,
): Promise<Socket | undefined> {
  const until = performance.now() + limitMs;
  while (performance.now() < until && rendezvous.newest() <= number) {
    const socket = await connectOnce(rendezvous.path(number));
    if (socket !== undefined) return socket;
    const why = child?.ended();
    // It also ends where another one was faster, and that one listens.
    if (why !== undefined && rendezvous.newest() < number) throw didNotListen(why);
    await sleep(POLL_MS);
  }
  return undefined;
}

const didNotListen = (why: string): TokenFault =>
  new TokenFault('unavailable', `the process of the HSM module did not start: ${why}`);

function begin({ options, log }: MeetingDeps, path: string): TokenProcess {
  return spawnTokenProcess({
    path,
    environment: options.environment,
    threads: options.sessions + SPARE_THREADS,
    onEnd: (detail) => {
      const fields = { store: options.name, detail };
      if (detail === ENDED_WELL) log.debug('the process of the HSM module has ended', fields);
      else log.warn('the process of the HSM module has ended by itself', fields);
    },
  });
}

/** A process that has bound its name listens a moment later. */
const REFUSALS = 4;

async function connectPatiently(path: string): Promise<Socket | undefined> {
  for (let attempt = 1; attempt < REFUSALS; attempt += 1) {
    const socket = await connectOnce(path);
    if (socket !== undefined) return socket;
    await sleep(POLL_MS);
  }
  return connectOnce(path);
}

async function connectOnce(path: string): Promise<Socket | undefined> {
  try {
    return await connectSocket(path);
  } catch {
    return undefined;
  }
}
