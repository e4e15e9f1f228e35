/** The only fields a log line may carry: a payload, a key or a token has no name to be logged under. */
export interface LogFields {
  readonly action?: string;
  readonly bundle?: string;
  readonly cause?: string;
  readonly count?: number;
  readonly database?: string;
  readonly decision?: string;
  readonly detail?: string;
  readonly duration_ms?: number;
  readonly error?: string;
  readonly global_request_id?: string;
  readonly mode?: string;
  /** A store's own reference to a payload. */
  readonly object?: string;
  readonly pid?: number;
  readonly project?: string;
  readonly provider?: string;
  readonly request_id?: string;
  readonly revision?: string;
  readonly route?: string;
  readonly secret?: string;
  readonly signal?: string;
  readonly stack?: string;
  readonly status?: number;
  readonly store?: string;
  readonly url?: string;
}

export type Level = 'debug' | 'info' | 'warn' | 'error';
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** JSON lines to `write` (standard error in production). Lines below `level` are dropped. */
export function createLog(level: Level, write: (line: string) => void): Log {
  const from = LEVELS.indexOf(level);
  const at =
    (own: Level) =>
    (message: string, fields: LogFields = {}): void => {
      if (LEVELS.indexOf(own) < from) return;
      write(`${JSON.stringify({ time: new Date().toISOString(), level: own, message, ...fields })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An error as log fields, with its chain of causes. Messages of foreign errors are theirs: keep them out of answers. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error))
    return { error: typeof error === 'string' ? error : 'a value that is no error was thrown' };
  const { detail } = error as { detail?: unknown };
  return {
    error: `${error.name}: ${error.message}`,
    ...(typeof detail === 'string' ? { detail } : {}),
    ...(error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}` } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}
