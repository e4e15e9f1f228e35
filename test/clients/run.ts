import { spawn } from 'node:child_process';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any client waits for an answer; a client that hangs must fail its own test, not the run. */
const LIMIT_MS = 60_000;

/** Exactly these variables beside the search path: whoever runs the tests may be logged in to a cloud of their own. */
export function childEnvironment(environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: '/nonexistent', LANG: 'C.UTF-8', ...environment };
}

/** Runs a program to its end. */
export function run(
  program: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      env: childEnvironment(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
    }
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...output }));
  });
}

/** The output of a program that must succeed. */
export async function runOk(...call: Parameters<typeof run>): Promise<string> {
  const { status, stdout, stderr } = await run(...call);
  if (status === 0) return stdout;
  throw new Error(`${[call[0], ...call[1]].join(' ')} ended with ${status}\n${stdout}${stderr}`);
}
