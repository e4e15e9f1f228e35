import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../src/log.ts';
import { brokerError } from './faults.ts';
import { createLink, type Ask, type Link, type Reply } from './link.ts';
import { meet } from './meeting.ts';
import type { Pkcs11Options } from './options.ts';
import { openRendezvous, type Rendezvous } from './rendezvous.ts';
import { faultOf, TokenFault } from './rv.ts';
import type { StartOptions } from './token-process.ts';

/** The process that has the token, kept alive. Of all processes of a host with the same options there is one. */
export interface TokenHost {
  /** Connects, and starts the process where there is none. Throws what stands in the way. */
  open(): Promise<void>;
  /** `limitMs` counts from now, with all waiting. Throws errors of src/errors.ts. */
  ask(request: Omit<Ask, 'limit'>, limitMs: number, parts?: readonly Buffer[]): Promise<Reply>;
  /** How often the process was lost. */
  restarts(): number;
  close(): void;
}

export interface TokenHostDeps {
  readonly options: Pkcs11Options;
  readonly purpose: StartOptions['purpose'];
  readonly log: Log;
}

/** Loading a module and logging in may take a device that long. */
const START_MS = 30_000;
/** A process that lives but is stuck says nothing for so long. */
const PING_MS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A process that lived this long is not one that crashes at its start. */
const STEADY_MS = 10_000;

interface Met {
  readonly link: Link;
  readonly sinceMs: number;
  /** Of the process, if it is still that process. */
  pid(): number | undefined;
}

interface State {
  met: Met | undefined;
  connecting: Promise<Link> | undefined;
  /** What nobody but an operator can mend: no further attempt, since a token locks. */
  refused: TokenFault | undefined;
  restarts: number;
  failures: number;
  closed: boolean;
}

interface Parts extends TokenHostDeps {
  readonly state: State;
  readonly rendezvous: Rendezvous;
  readonly start: StartOptions;
}

export function createTokenHost(deps: TokenHostDeps): TokenHost {
  const { options, log } = deps;
  const start = startOptions(deps);
  const { pin: _pin, ...visible } = start;
  const rendezvous = openRendezvous(options.socket_folder, [visible, options.environment]);
  const state: State = {
    met: undefined,
    connecting: undefined,
    refused: undefined,
    restarts: 0,
    failures: 0,
    closed: false,
  };
  const parts: Parts = { ...deps, state, rendezvous, start };
  return {
    open: () =>
      linked(parts).then(
        () => undefined,
        (error: unknown) => asBroker(options.name, error),
      ),
    ask: (request, limitMs, bytes) =>
      ask(parts, request, limitMs, bytes).catch((error: unknown) => asBroker(options.name, error)),
    restarts: () => state.restarts,
    close: () => {
      state.closed = true;
      state.met?.link.close();
      log.debug('the store lets go of the HSM module', { store: options.name });
    },
  };
}

function asBroker(store: string, error: unknown): never {
  const { kind, message } = faultOf(error);
  throw brokerError(store, kind, message);
}

function startOptions({ options, purpose }: TokenHostDeps): StartOptions {
  const { name, library, token_label, token_serial, slot, pin, master_keys, mode, mechanisms } = options;
  const { sessions, kek_cache, attempt_timeout, generation_timeout } = options;
  const token = { name, library, token_label, token_serial, slot, master_keys, mode, mechanisms };
  return { purpose, ...token, sessions, kek_cache, attempt_timeout, generation_timeout, pin };
}

async function ask(
  parts: Parts,
  request: Omit<Ask, 'limit'>,
  limitMs: number,
  bytes?: readonly Buffer[],
): Promise<Reply> {
  const until = performance.now() + limitMs;
  const link = await inTime(linked(parts), limitMs);
  const limit = Math.max(1, Math.round(until - performance.now()));
  try {
    return await link.ask({ ...request, limit }, bytes);
  } catch (error) {
    if (faultOf(error).repair === 'reset') void endIfStuck(parts, link);
    throw error;
  }
}

/** A caller waits for a process that is being started, but not longer than for its answer. */
function inTime(link: Promise<Link>, limitMs: number): Promise<Link> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new TokenFault('unavailable', 'the process of the HSM module is not there yet'));
    const timer = setTimeout(late, limitMs);
    link.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A native call cannot be interrupted: a process that does not even answer a ping is ended, and the next one starts. */
async function endIfStuck({ options, log, state }: Parts, link: Link): Promise<void> {
  try {
    await link.ask({ op: 'ping', limit: PING_MS });
  } catch {
    if (state.met?.link !== link) return;
    const pid = state.met.pid();
    log.error('the HSM module hangs: its process is ended', { store: options.name, pid: pid ?? 0 });
    if (pid !== undefined) endProcess(pid);
    link.close();
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
}

function linked(parts: Parts): Promise<Link> {
  const { state } = parts;
  if (state.refused !== undefined) return Promise.reject(state.refused);
  if (state.closed) return Promise.reject(new TokenFault('unavailable', 'the store is closed'));
  if (state.met !== undefined) return Promise.resolve(state.met.link);
  return (state.connecting ??= establish(parts).finally(() => (state.connecting = undefined)));
}

/**
 * A process that was about to end may still have taken our connection, and SoftHSM shows a token without its label to
 * whoever starts while another process logs in. Neither is worth a start that fails; no PIN was tried in either.
 */
const MEETINGS = 3;

async function establish(parts: Parts): Promise<Link> {
  const { state } = parts;
  // Whoever waits for an answer has a timer of its own; nobody else is kept alive by this one.
  if (state.failures > 0) await sleep(pauseMs(state.failures), undefined, { ref: false });
  for (let meeting = 1; ; meeting += 1) {
    try {
      return await establishOnce(parts);
    } catch (error) {
      if (meeting === MEETINGS || state.closed || !isPassing(faultOf(error))) {
        state.failures += 1;
        throw error;
      }
      await sleep(pauseMs(meeting));
    }
  }
}

/** Not what took its whole time to fail. */
const isPassing = ({ kind, repair }: TokenFault): boolean => kind === 'unavailable' && repair === 'none';

/** None at first; then longer each time, for whoever asks as well: a module that crashes at once must not eat the host. */
const pauseMs = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));

async function establishOnce(parts: Parts): Promise<Link> {
  const { state, start, rendezvous, options, log } = parts;
  const { socket, number } = await meet(rendezvous, { options, log });
  const link = createLink(socket, () => lost(parts, link));
  const pid = (): number | undefined => rendezvous.pid(number);
  try {
    await link.ask({ op: 'start', limit: START_MS, options: start });
  } catch (error) {
    abandon(link, faultOf(error), pid());
    if (faultOf(error).kind === 'misconfigured') state.refused = faultOf(error);
    throw error;
  }
  state.met = { link, pid, sinceMs: performance.now() };
  return link;
}

/** A process that hangs in its start would be found there by the next attempt. */
function abandon(link: Link, fault: TokenFault, pid: number | undefined): void {
  if (fault.repair === 'reset' && pid !== undefined) endProcess(pid);
  link.close();
}

/** Brings the process back at once, and slower each time it does not stay: nobody has to ask for it first. */
function lost(parts: Parts, link: Link): void {
  const { state, options, log } = parts;
  if (state.met?.link !== link) return;
  const livedMs = performance.now() - state.met.sinceMs;
  state.failures = livedMs < STEADY_MS ? state.failures + 1 : 0;
  state.met = undefined;
  if (state.closed) return;
  state.restarts += 1;
  log.warn('the process of the HSM module has ended and is started again', { store: options.name });
  void revive(parts);
}

async function revive(parts: Parts): Promise<void> {
  const { state } = parts;
  const isWanted = (): boolean => !state.closed && state.met === undefined && state.refused === undefined;
  while (isWanted()) await linked(parts).catch(() => undefined);
}
