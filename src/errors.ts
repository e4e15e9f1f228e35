import { STATUS_CODES } from 'node:http';

export interface ErrorOptions {
  /** For the log and the audit only; never shown to the caller. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** `issue` wraps the message as the API does: `{operation} issue seen - {message}.` */
  readonly family?: 'raw' | 'issue';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ErrorBody {
  readonly code: number;
  readonly title: string;
  readonly description: string | null;
  readonly [extra: string]: unknown;
}

/** Everything we refuse or fail on purpose. `message` may be shown to the caller. */
export abstract class BrokerError extends Error {
  abstract readonly status: number;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Null where the original shows `null` (the routing layer's own refusals). */
  readonly shown: string | null;
  private readonly family: 'raw' | 'issue';

  constructor(message: string | null, options: ErrorOptions = {}) {
    super(message ?? '', options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.shown = message;
    this.detail = options.detail;
    this.family = options.family ?? 'raw';
    this.headers = options.headers ?? {};
  }

  /** The answer's body; `operation` is the API's name for what the caller tried ("Secret creation"). */
  body(operation: string): ErrorBody {
    const description = this.family === 'issue' ? `${operation} issue seen - ${this.message}.` : this.shown;
    return { code: this.status, title: titleOf(this.status), description };
  }
}

/** RFC 9110 renamed 413; clients of this API know the older phrase. */
export function titleOf(status: number): string {
  return status === 413 ? 'Request Entity Too Large' : (STATUS_CODES[status] ?? 'Error');
}

export class BadRequest extends BrokerError {
  readonly status = 400;
}

/** The chosen store cannot hold this kind of secret; said before anything is written. */
export class NotSupported extends BrokerError {
  readonly status = 400;
}

/** Carries both the identity service's error shape and the API's own: clients read either. */
export class Unauthenticated extends BrokerError {
  readonly status = 401;

  constructor(detail: string, options: { challenge?: string; cause?: unknown } = {}) {
    super('The request you have made requires authentication.', {
      detail,
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      ...(options.challenge === undefined ? {} : { headers: { 'WWW-Authenticate': options.challenge } }),
    });
  }

  override body(operation: string): ErrorBody {
    const body = super.body(operation);
    return { ...body, error: { code: body.code, title: body.title, message: this.message } };
  }
}

export class Forbidden extends BrokerError {
  readonly status = 403;
}

/** The policy said no. */
export class Denied extends BrokerError {
  readonly status = 403;

  override body(operation: string): ErrorBody {
    const description = `${operation} attempt not allowed - please review your user/project privileges`;
    return { code: this.status, title: titleOf(this.status), description };
  }
}

export class QuotaExceeded extends BrokerError {
  readonly status = 403;
}

export class NotFound extends BrokerError {
  readonly status = 404;
}

export class MethodNotAllowed extends BrokerError {
  readonly status = 405;
}

export class NotAcceptable extends BrokerError {
  readonly status = 406;
}

export class RequestTimeout extends BrokerError {
  readonly status = 408;
}

export class Conflict extends BrokerError {
  readonly status = 409;
}

export class PayloadTooLarge extends BrokerError {
  readonly status = 413;
}

export class UnsupportedMediaType extends BrokerError {
  readonly status = 415;
}

/** Unexpected. The cause is logged; the caller learns only that it was our fault. */
export class InternalError extends BrokerError {
  readonly status = 500;

  override body(operation: string): ErrorBody {
    const description = `${operation} failure seen - please contact site administrator.`;
    return { code: this.status, title: titleOf(this.status), description };
  }
}

/** Stored bytes do not open: wrong tag, wrong length, a row that was moved. Never any bytes. Operators are paged. */
export class IntegrityError extends InternalError {}

/** The object is there, and its store will not let it out. */
export class NotExportable extends Forbidden {}

type StoreErrorOptions = Pick<ErrorOptions, 'cause' | 'headers'>;

/** The store answered something that is not an answer. `detail` is for operators. */
export class StoreRejected extends BrokerError {
  readonly status = 502;

  constructor(detail: string, options: StoreErrorOptions = {}) {
    super('The secret store gave no valid answer.', { ...options, detail });
  }
}

/** No answer: no connection, a deadline, sealed, a device that is gone. What became of a write is then not known. */
export class StoreUnavailable extends BrokerError {
  readonly status = 503;

  constructor(detail: string, options: StoreErrorOptions = {}) {
    super('The secret store is not available.', { ...options, detail });
  }
}

/**
 * The store answers, but not to us: credentials, certificates, PIN, mount, keys. Callers see a store that is not
 * available; nothing is tried again by itself, since tokens and accounts lock.
 */
export class StoreMisconfigured extends StoreUnavailable {}

/** The store, or our own queue to it, takes no more at once. */
export class StoreOverloaded extends StoreUnavailable {}

export class DatabaseUnavailable extends BrokerError {
  readonly status = 503;
}

export class IdentityUnavailable extends BrokerError {
  readonly status = 503;
}

export class AuditUnavailable extends BrokerError {
  readonly status = 503;
}

/** Start-up cannot go on: the message tells the operator what to change. */
export class ConfigurationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConfigurationError';
  }
}
