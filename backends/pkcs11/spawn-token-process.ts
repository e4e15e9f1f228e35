import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Beside this file: compiled in a build, as written in a clone. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './token-process.ts' : './token-process.js', import.meta.url),
);
/** Enough to see why Node itself did not start. */
const MAX_TEXT = 2_000;

/** Nobody needed it any more, or another one was there. */
export const ENDED_WELL = 'status 0';

export interface TokenProcess {
  /** Why it ended; undefined while it runs. */
  ended(): string | undefined;
}

export interface SpawnOptions {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Each session may be in a call of its own, besides the keeper. */
  readonly threads: number;
  readonly onEnd: (why: string) => void;
}

/**
 * In a session of its own: it outlives whoever started it, since others may be using it, and a terminal's interrupt does
 * not reach it. Until it listens its standard error is kept, to tell why it does not; the module is not loaded before.
 */
export function spawnTokenProcess({ path, environment, threads, onEnd }: SpawnOptions): TokenProcess {
  // Not configuration: modules are told by the environment where their own configuration is.
  // eslint-disable-next-line no-restricted-syntax
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads), ...environment };
  const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
  const child = spawn(process.execPath, [...execArgv, ENTRY, path], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let why: string | undefined;
  const text = firstText(child);
  const end = (reason: string): void => {
    why ??= reason;
    onEnd(reason);
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (status, signal) => end(`${signal ?? `status ${status ?? 0}`}${text()}`));
  child.unref();
  return { ended: () => why };
}

function firstText({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(0, MAX_TEXT);
  });
  stderr?.on('error', () => undefined);
  (stderr as { unref?: () => void } | null)?.unref?.();
  return () => (text === '' ? '' : `: ${text.trim()}`);
}
