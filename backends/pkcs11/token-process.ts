import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createFrameReader, encodeFrame, type Frame } from './frames.ts';
import type { TokenOptions } from './options.ts';
import { removeOlder } from './rendezvous.ts';
import type { AnswerHead, RequestHead } from './requests.ts';
import { faultOf, TokenFault } from './rv.ts';
import { createTokenKeys } from './token-keys.ts';
import { createTokenService, type Answer, type TokenService } from './token-service.ts';
import { openToken, type Token } from './token.ts';

/**
 * The process that has the token: the vendor's module is loaded here and nowhere else. Whoever of this host's processes
 * connects may ask; it ends with the last of them. It writes nothing anywhere, since whatever it could write came from a
 * module that knows secrets.
 */

/** Nobody has come: whoever started us is dead. */
const NOBODY_CAME_MS = 10_000;
/** Others that start with the same wrong PIN are told so without another attempt. */
const LINGER_MS = 10_000;
/** A call that has not come back this long after its limit never will. */
const GRACE_MS = 1_000;
const WATCH_MS = 250;
/** What is under way when the module is to be started afresh may still end well. */
const DRAIN_MS = 1_000;

interface Started {
  /** Compared in full: two processes must mean the same token and the same PIN. */
  readonly options: string;
  readonly service: Promise<TokenService>;
  refusedAtMs?: number;
}

interface State {
  started: Started | undefined;
  token: Token | undefined;
  draining: boolean;
  readonly clients: Set<Socket>;
}

function serve(path: string): void {
  const state: State = { started: undefined, token: undefined, draining: false, clients: new Set() };
  process.umask(0o177);
  const server = createServer((socket) => attend(state, socket));
  // The name is taken: somebody else was faster, and serves.
  server.on('error', () => process.exit(0));
  server.listen(path, () => {
    chmodSync(path, 0o600);
    writeFileSync(`${path}.pid`, String(process.pid));
    removeOlder(path);
  });
  setTimeout(() => state.clients.size === 0 && process.exit(0), NOBODY_CAME_MS);
  setInterval(() => (state.token?.sessions.overdueMs() ?? 0) > GRACE_MS && die(), WATCH_MS);
  // A service that is stopped drains its requests first, and needs us until its last process has ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('uncaughtException', die);
}

function attend(state: State, socket: Socket): void {
  state.clients.add(socket);
  const read = createFrameReader((frame) => void answer(state, socket, frame));
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    state.clients.delete(socket);
    endIfAlone(state);
  });
}

function endIfAlone(state: State): void {
  if (state.clients.size > 0) return;
  const refusedAtMs = state.started?.refusedAtMs;
  const lingersMs = refusedAtMs === undefined ? 0 : refusedAtMs + LINGER_MS - performance.now();
  if (lingersMs <= 0) end(state);
  setTimeout(() => endIfAlone(state), lingersMs);
}

/** Gives the sessions back, which some tokens count. */
function end({ token }: State): void {
  if ((token?.sessions.counts().busy ?? 0) > 0) return die();
  try {
    token?.module.C_Finalize();
  } finally {
    process.exit(0);
  }
}

/** Not `exit`, which waits for every call of the module that is still under way: one that hangs hangs it for ever. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function answer(state: State, socket: Socket, frame: Frame): Promise<void> {
  const head = frame.head as unknown as RequestHead;
  let reply: Answer;
  try {
    reply = await perform(state, head, frame);
  } catch (error) {
    const { kind, message } = faultOf(error);
    reply = { head: { fault: { kind, detail: message } } };
  } finally {
    frame.bytes.fill(0);
  }
  send(socket, { ...reply.head, id: head.id }, reply.parts ?? []);
}

function send(socket: Socket, head: AnswerHead, parts: readonly Buffer[]): void {
  const bytes = encodeFrame(head, parts);
  for (const part of parts) part.fill(0);
  if (socket.destroyed) bytes.fill(0);
  else socket.write(bytes, () => bytes.fill(0));
}

async function perform(state: State, head: RequestHead, frame: Frame): Promise<Answer> {
  if (head.op === 'ping') return {};
  if (state.draining) return head.op === 'start' ? untilTheEnd() : refuseWhileDraining();
  if (head.op === 'start') return start(state, frame.head['options'] as StartOptions);
  const service = await state.started?.service;
  if (service === undefined) throw new TokenFault('internal', `${head.op} before start`);
  return service.answer({ head, parts: frame.parts });
}

/** `keys`: the token is opened for its keys alone, which need not be there. */
export interface StartOptions extends TokenOptions {
  readonly purpose: 'serve' | 'keys';
}

async function start(state: State, options: StartOptions): Promise<Answer> {
  const text = JSON.stringify(options);
  state.started ??= { options: text, service: open(state, options) };
  if (state.started.options !== text) {
    await Promise.allSettled([state.started.service]);
    return differs(state);
  }
  try {
    await state.started.service;
    return { head: { pid: process.pid } };
  } catch (error) {
    const fault = faultOf(error);
    if (isAboutPin(fault)) state.started.refusedAtMs ??= performance.now();
    else drain(state, 0);
    throw fault;
  }
}

/** `CKR_PIN_INCORRECT` to `CKR_PIN_LOCKED`: what another attempt makes worse. */
const isAboutPin = ({ code = 0 }: TokenFault): boolean => code >= 0xa0 && code <= 0xa4;

/** Who has a new PIN after the old one was refused gets a process of its own, and one attempt. */
function differs(state: State): Promise<never> {
  if (state.started?.refusedAtMs === undefined) {
    throw new TokenFault(
      'misconfigured',
      'another process of this host uses this token with another "pin": stop it first',
    );
  }
  drain(state, 0);
  return untilTheEnd();
}

/** No answer: the caller sees this process end, and connects to the next. */
const untilTheEnd = (): Promise<never> => new Promise(() => undefined);

function refuseWhileDraining(): never {
  throw new TokenFault('unavailable', 'the module is being started afresh');
}

async function open(state: State, options: StartOptions): Promise<TokenService> {
  // After this turn: a token that hangs at once must not keep the caller from being heard.
  await Promise.resolve();
  const token = openToken(options);
  state.token = token;
  if (options.purpose === 'keys') return createTokenKeys(token);
  return createTokenService({ token, reset: () => drain(state, DRAIN_MS) });
}

/** A module that has lost its device, or itself, starts best in a fresh process: callers connect to the next one. */
function drain(state: State, patienceMs: number): void {
  if (state.draining) return;
  state.draining = true;
  const until = performance.now() + patienceMs;
  setInterval(() => {
    const busy = state.token?.sessions.counts().busy ?? 0;
    const unsent = [...state.clients].some((client) => client.writableLength > 0);
    if ((busy === 0 && !unsent) || performance.now() > until) die();
  }, 20);
}

const [path] = process.argv.slice(2);
if (path !== undefined) serve(path);
