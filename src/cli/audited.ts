import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createCommandAudit, type CommandEvent } from '../audit/command-audit.ts';
import { errorFields } from '../log.ts';
import type { Command, Invocation } from './commands.ts';
import { createTrail } from './trail.ts';

type Typed = Omit<Invocation, 'trail'>;

/** Runs the command. One that changes something is in the audit before it does, meanwhile, and with what came of it. */
export async function runAudited(name: string, command: Command, typed: Typed): Promise<unknown> {
  if (command.isAudited?.(typed.options) !== true) return command.run({ ...typed, trail: () => undefined });
  const audit = createCommandAudit(typed.config.audit.sinks.map(({ path }) => `${path}.commands`));
  const event = eventOf(name, command, typed);
  const trail = createTrail((batch) => audit.batch(event, batch));
  const beganMs = performance.now();
  const end = (exitCode: number, run: string | null): Promise<void> =>
    toldAtLast(typed, async () => {
      await trail.end();
      const durationMs = Math.round(performance.now() - beganMs);
      await audit.outcome(event, { exitCode, durationMs, run });
    });
  await audit.intent(event);
  try {
    const shown = await command.run({ ...typed, trail: trail.hear });
    await end(Number(process.exitCode ?? 0), runOf(shown));
    return shown;
  } catch (error) {
    await end(1, null);
    throw error;
  }
}

/** It has happened: that the audit lacks it must not hide what came of it. */
async function toldAtLast({ log }: Typed, tell: () => Promise<void>): Promise<void> {
  await tell().catch((error: unknown) => {
    log.error('the audit lacks what came of this command', errorFields(error));
    process.exitCode = 1;
  });
}

function eventOf(
  command: string,
  { named = [] }: Command,
  { words, options, operator }: Typed,
): CommandEvent {
  const given = named.flatMap((name, at) => (words[at] === undefined ? [] : [[name, words[at]] as const]));
  const all = { ...options, ...Object.fromEntries(given) } as CommandEvent['options'];
  return {
    requestId: `cmd-${randomUUID()}`,
    command,
    operator,
    projectId: typeof all['project'] === 'string' ? all['project'] : null,
    words: words.slice(named.length),
    options: all,
  };
}

/** Commands that work at a move or a rotation show it. */
function runOf(shown: unknown): string | null {
  const { id } = (shown ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' ? id : null;
}
