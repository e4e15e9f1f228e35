import { ConfigurationError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createAuditFile } from './audit-file.ts';
import type { AuditSink } from './audit.ts';
import { createSpool } from './spool.ts';

export interface FileSinkOptions {
  readonly path: string;
  readonly log: Log;
  /** Bound of the lines that wait in memory while the file takes none. */
  readonly spoolBytes?: number;
}

/** Some thousands of requests: time to rotate a log or to free a disk, and no danger to the process. */
const DEFAULT_SPOOL_BYTES = 4 * 1024 * 1024;

/** JSON lines appended to one file. Opens it at once: a broker that cannot audit does not start. */
export async function createFileSink(options: FileSinkOptions): Promise<AuditSink> {
  const file = createAuditFile(options.path);
  try {
    await file.append({ bytes: Buffer.alloc(0), written: 0 });
  } catch (cause) {
    throw new ConfigurationError(`the audit file ${options.path} cannot be opened`, cause);
  }
  const name = `file:${options.path}`;
  const spool = createSpool({
    file,
    log: options.log,
    name,
    limitBytes: options.spoolBytes ?? DEFAULT_SPOOL_BYTES,
  });
  return {
    name,
    intent: (line, durable) => spool.intent(line, durable),
    outcome: (line) => {
      spool.outcome(line);
    },
    reopen: () => {
      file.release();
      spool.retry();
    },
    health: () => ({ name, ...spool.health() }),
    close: () => spool.close(),
  };
}
