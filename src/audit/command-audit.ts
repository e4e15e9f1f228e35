import { ConfigurationError } from '../errors.ts';
import { now } from '../model/timestamp.ts';
import { createAuditFile } from './audit-file.ts';

/** A command of an operator that changes something. Its words and options are names, ids and numbers, never a payload or a key. */
export interface CommandEvent {
  readonly requestId: string;
  /** As the help calls it: `move finish`. */
  readonly command: string;
  /** `user@host`. */
  readonly operator: string;
  readonly projectId: string | null;
  /** What was typed after the command. */
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean>>;
}

/** What became of some of many items. */
export interface CommandBatch {
  /** What was done to them: `moving`, `destroying the old copies`. */
  readonly work: string;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
}

export interface CommandOutcome {
  readonly exitCode: number;
  readonly durationMs: number;
  /** The move or rotation that the command worked at. */
  readonly run: string | null;
}

/** The operators' part of the audit. Each line is on the disk when the promise resolves, in every file, or it rejects. */
export interface CommandAudit {
  /** Before the effect: when this throws, nothing may happen. */
  intent(event: CommandEvent): Promise<void>;
  /** Now and then, of long work: a command that is killed has told what it did until then. */
  batch(event: CommandEvent, batch: CommandBatch): Promise<void>;
  outcome(event: CommandEvent, outcome: CommandOutcome): Promise<void>;
}

/**
 * Commands share a file among themselves, not with brokers: each opens it for one line, which is appended by one write.
 * What a full disk cut off is ended by whoever writes next.
 */
export function createCommandAudit(paths: readonly string[]): CommandAudit {
  const write = async (kind: 'intent' | 'batch' | 'outcome', members: object): Promise<void> => {
    const line = Buffer.from(`${JSON.stringify({ time: `${now()}Z`, kind, ...members })}\n`);
    for (const path of paths) await appendLine(path, line);
  };
  return {
    intent: (event) => write('intent', presentEvent(event)),
    batch: (event, { work, done, skipped, failed }) =>
      write('batch', { ...presentEvent(event), work, done, skipped, failed }),
    outcome: (event, { run, exitCode, durationMs }) =>
      write('outcome', { ...presentEvent(event), run, exit_code: exitCode, duration_ms: durationMs }),
  };
}

async function appendLine(path: string, line: Buffer): Promise<void> {
  const file = createAuditFile(path);
  try {
    await file.append({ bytes: line, written: 0 });
    await file.sync();
  } catch (cause) {
    throw new ConfigurationError(`the audit file ${path} cannot be written`, cause);
  } finally {
    await file.close();
  }
}

/** In the fields of a request's line, as far as they apply. */
function presentEvent({ requestId, command, operator, projectId, words, options }: CommandEvent): object {
  return {
    request_id: requestId,
    action: `command:${command}`,
    principal: { user_id: operator, project_id: null, issuer: 'host', kind: 'operator' },
    target: { type: 'project', id: projectId, project_id: projectId },
    words,
    options,
  };
}
