import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './run.ts';

/** One application that lives as long as its suite, as most of these libraries' applications do. */
export interface FlowProcess {
  /** Fails with the trace of what went wrong in the application. One at a time. */
  run(flow: string): Promise<void>;
  /** Ends it, and fails when it does not end well by itself. */
  stop(): Promise<void>;
}

interface Waiting {
  answered(line: string): void;
  failed(error: Error): void;
}

export function startFlows(
  python: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): FlowProcess {
  const file = fileURLToPath(new URL(`${script}.py`, import.meta.url));
  const child = spawn(python, ['-B', file], { env: childEnvironment(environment) });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let waiting: Waiting | undefined;
  const ended = exitOf(child).then((status) => {
    waiting?.failed(new Error(`${script}.py ended with ${status}\n${stderr}`));
    return status;
  });
  createInterface({ input: child.stdout }).on('line', (line) => waiting?.answered(line));
  // A process that has ended takes no name; `ended` says so, with the reason.
  child.stdin.on('error', () => undefined);
  const ask = (flow: string): Promise<string> =>
    new Promise<string>((answered, failed) => {
      waiting = { answered, failed };
      child.stdin.write(`${flow}\n`);
      if (hasEnded(child)) failed(new Error(`${script}.py does not run\n${stderr}`));
    }).finally(() => (waiting = undefined));
  return {
    run: async (flow) => {
      const failure = JSON.parse(await ask(flow)) as string | null;
      if (failure !== null) throw new Error(failure);
    },
    stop: async () => {
      child.stdin.end();
      const status = await ended;
      if (status !== '0') throw new Error(`${script}.py ended with ${status}\n${stderr}`);
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, signal) => resolve(String(status ?? signal)));
  });
