import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const local = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** A TypeScript file of this folder in a process of its own. */
export function forkSource(file: string, args: readonly string[]): Child {
  return asChild(fork(local(file), args, { execArgv: ['--import', 'tsx'] }));
}

/** A built file in a process of its own; what it prints goes nowhere, unless it fails. */
export function forkBuilt(
  file: string,
  args: readonly string[],
  options: { readonly execArgv: readonly string[]; readonly env: NodeJS.ProcessEnv },
): Child {
  const child = fork(file, args, { execArgv: [...options.execArgv], env: options.env, silent: true });
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n'))
      if (!/^$|"level":"(info|debug)"/.test(line)) console.error(line);
  });
  return asChild(child);
}

function asChild(child: ChildProcess): Child {
  return {
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The next message of a child; its death is an error. */
export function messageOf<T>(child: Child): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      child.process.off('message', onMessage);
      reject(new Error(`a process of the benchmark died (${code})`));
    };
    const onMessage = (message: unknown): void => {
      child.process.off('exit', onExit);
      resolve(message as T);
    };
    child.process.once('message', onMessage);
    child.process.once('exit', onExit);
  });
}
