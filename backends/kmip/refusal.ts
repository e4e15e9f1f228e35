import {
  BrokerError,
  Conflict,
  NotExportable,
  NotSupported,
  StoreMisconfigured,
  StoreRejected,
  StoreUnavailable,
} from '../../src/errors.ts';
import { RESULT_REASON, type Operation, type ResultReason } from '../../src/ttlv/enums.ts';
import { nameOf } from '../../src/ttlv/table.ts';

/** The server answered, and what it answered is no. */
export class Refusal extends Error {
  readonly operation: Operation;
  /** By the standard's name; undefined where it has none, or the server gave none. */
  readonly reason: ResultReason | undefined;

  constructor(operation: Operation, code: number | undefined, text: string | undefined) {
    const reason = code === undefined ? undefined : nameOf(RESULT_REASON, code);
    super(`${operation}: ${reason ?? 'a reason we do not know'}${numbered(code)}${quoted(text)}`);
    this.name = 'Refusal';
    this.operation = operation;
    this.reason = reason;
  }
}

const numbered = (code: number | undefined): string =>
  code === undefined ? '' : ` (0x${code.toString(16)})`;

/** A log line is no place for whatever a server may send. */
const MAX_TEXT = 200;
const quoted = (text: string | undefined): string =>
  text === undefined ? '' : `: "${text.replaceAll(/[\p{C}"]/gu, ' ').slice(0, MAX_TEXT)}"`;

type Kind = 'misconfigured' | 'unavailable' | 'unsupported' | 'exists' | 'locked';

/** Reasons (KMIP 2.1 section 11.48) that say more than that the server did not like the request. */
const KINDS: Readonly<Partial<Record<ResultReason, Kind>>> = {
  'Authentication Not Successful': 'misconfigured',
  'Permission Denied': 'misconfigured',
  'Attestation Required': 'misconfigured',
  'Attestation Failed': 'misconfigured',
  'Not Authorised': 'misconfigured',
  'Bad Password': 'misconfigured',
  'Invalid Ticket': 'misconfigured',
  'Operation Canceled by Requester': 'unavailable',
  'Internal Server Error': 'unavailable',
  'Server Limit Exceeded': 'unavailable',
  'Protection Storage Unavailable': 'unavailable',
  'Private Protection Storage Unavailable': 'unavailable',
  'Public Protection Storage Unavailable': 'unavailable',
  'General Failure': 'unavailable',
  'Operation Not Supported': 'unsupported',
  'Feature Not Supported': 'unsupported',
  'Key Format Type Not Supported': 'unsupported',
  'Application Namespace Not Supported': 'unsupported',
  'Key Wrap Type Not Supported': 'unsupported',
  'Object Archived': 'unsupported',
  'Object Already Exists': 'exists',
  'Non Unique Name Attribute': 'exists',
  Sensitive: 'locked',
  'Not Extractable': 'locked',
};

/** When the server is to make a key, these are about the kind of key that the caller wants. */
const ABOUT_THE_KEY: readonly ResultReason[] = [
  'Invalid Field',
  'Unsupported Cryptographic Parameters',
  'Bad Cryptographic Parameters',
  'Cryptographic Failure',
];
const GENERATING: readonly Operation[] = ['Create', 'Create Key Pair'];

/** A refusal as what the broker's callers know. `place`: the server and the store, for the log; `store`: for callers. */
export function refusalError(place: string, store: string, cause: Refusal): BrokerError {
  const detail = `${place} refused ${cause.message}`;
  switch (kindOf(cause)) {
    case 'misconfigured':
      return new StoreMisconfigured(detail, { cause });
    case 'unavailable':
      return new StoreUnavailable(detail, { cause });
    case 'unsupported': {
      const what = `the secret store "${store}" does not support this (${cause.reason ?? 'unknown'})`;
      return new NotSupported(what, { family: 'issue', detail, cause });
    }
    case 'exists':
      return new Conflict('Secret already has data, cannot modify it.', { detail, cause });
    case 'locked':
      return new NotExportable(`the secret store "${store}" does not let this key out`, {
        family: 'issue',
        detail,
        cause,
      });
    case undefined:
      return new StoreRejected(detail, { cause });
  }
}

function kindOf({ reason, operation }: Refusal): Kind | undefined {
  if (reason === undefined) return undefined;
  if (GENERATING.includes(operation) && ABOUT_THE_KEY.includes(reason)) return 'unsupported';
  return KINDS[reason];
}

/** Why the server refused; undefined for every other error. */
export function refusedFor(error: unknown): ResultReason | undefined {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Refusal ? cause.reason : undefined;
}

const GONE: readonly ResultReason[] = ['Item Not Found', 'Object Not Found', 'Object Destroyed'];

/** The server said that there is no such object. */
export function isGone(error: unknown): boolean {
  const reason = refusedFor(error);
  return reason !== undefined && GONE.includes(reason);
}

/** An answer, and not a failure to get one. */
export function isRefusal(error: unknown): error is BrokerError {
  return error instanceof BrokerError && error.cause instanceof Refusal;
}

/** What was asked is not to the server's liking, so that something else may be; not who asked, nor when. */
export function isAboutRequest(error: unknown): boolean {
  if (!isRefusal(error)) return false;
  const isAboutUs = error instanceof StoreUnavailable || error instanceof Conflict;
  // What a server says that fell over the request.
  return !isAboutUs || refusedFor(error) === 'General Failure';
}
