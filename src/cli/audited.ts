import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createCommandAudit, type CommandEvent } from '../audit/command-audit.ts';
import { errorFields } from '../log.ts';
import type { Command, Invocation } from './commands.ts';

/** Runs the command. One that changes something is in the audit before it does, and afterwards with what came of it. */
export async function runAudited(name: string, command: Command, invocation: Invocation): Promise<unknown> {
  const { config, options, log } = invocation;
  if (command.changes?.(options) !== true) return command.run(invocation);
  const audit = createCommandAudit(config.audit.sinks.map(({ path }) => `${path}.commands`));
  const event = eventOf(name, command, invocation);
  const begin = performance.now();
  await audit.intent(event);
  const end = async (exitCode: number, run: string | null): Promise<void> => {
    const durationMs = Math.round(performance.now() - begin);
    await audit.outcome(event, { exitCode, durationMs, run }).catch((error: unknown) => {
      log.error('the outcome of the command is not in the audit', errorFields(error));
      process.exitCode = 1;
    });
  };
  try {
    const shown = await command.run(invocation);
    await end(Number(process.exitCode ?? 0), runOf(shown));
    return shown;
  } catch (error) {
    await end(1, null);
    throw error;
  }
}

function eventOf(
  command: string,
  { named = [] }: Command,
  { words, options, operator }: Invocation,
): CommandEvent {
  const given = Object.fromEntries(
    named.flatMap((name, at) => (words[at] === undefined ? [] : [[name, words[at]]])),
  );
  const typed = { ...options, ...given } as Readonly<Record<string, string | boolean>>;
  return {
    requestId: `cmd-${randomUUID()}`,
    command,
    operator,
    projectId: typeof typed['project'] === 'string' ? typed['project'] : null,
    words: words.slice(named.length),
    options: typed,
  };
}

/** Commands that work at a move or a rotation show it. */
function runOf(shown: unknown): string | null {
  const { id } = (shown ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' ? id : null;
}
