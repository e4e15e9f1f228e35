import { authenticationItem, type Credential } from './credentials.ts';
import { OPERATION, type Operation, RESULT_REASON, RESULT_STATUS, type ResultStatus } from './enums.ts';
import {
  dateTime,
  enumeration,
  integer,
  type Item,
  structure,
  type Structure,
  text,
  TtlvError,
} from './item.ts';
import { all, inOrder, need, optional, tagName } from './readers.ts';
import { nameOf } from './table.ts';
import { TAG } from './tags.ts';
import { isAtLeast, isNewer, readVersion, type Version, versionItem } from './versions.ts';

/** One operation and what it needs; made in requests.ts. */
export interface Request {
  readonly operation: Operation;
  readonly payload: readonly Item[];
}

export interface RequestHeader {
  readonly version: Version;
  readonly credential?: Credential | undefined;
  /** In bytes, of the whole message. A server that would say more says *Response Too Large*. */
  readonly maximumResponseSize?: number | undefined;
  /** For the server's own log; sent from 1.4 on, where it appeared. */
  readonly clientCorrelation?: string | undefined;
}

/** A message of one operation. Batches save round trips, and one failure in them takes the others along. */
export function requestMessage(header: RequestHeader, request: Request): Item {
  return structure(TAG['Request Message'], [
    requestHeader(header),
    structure(TAG['Batch Item'], [
      enumeration(TAG.Operation, OPERATION[request.operation]),
      structure(TAG['Request Payload'], request.payload),
    ]),
  ]);
}

function requestHeader({ version, credential, ...header }: RequestHeader): Item {
  return structure(TAG['Request Header'], [
    versionItem(version),
    ...when(header.maximumResponseSize, (size) => integer(TAG['Maximum Response Size'], size)),
    ...when(isAtLeast(version, '1.4') ? header.clientCorrelation : undefined, (id) =>
      text(TAG['Client Correlation Value'], id),
    ),
    ...when(credential, authenticationItem),
    integer(TAG['Batch Count'], 1),
  ]);
}

export interface ReceivedRequest {
  /** May be one that we do not speak. */
  readonly version: string;
  readonly header: Structure;
  readonly operation: Operation;
  readonly payload: Structure;
}

/** The other direction: what a server reads. Throws `TtlvError` for what is no request of one known operation. */
export function readRequest(message: Item): ReceivedRequest {
  const { header, version, batchItem } = envelope(message, TAG['Request Message'], TAG['Request Header']);
  inOrder(batchItem, [TAG.Operation, TAG['Unique Batch Item ID'], TAG['Request Payload']]);
  const operation = nameOf(OPERATION, need(batchItem, TAG.Operation, 'enumeration').value);
  if (operation === undefined) throw new TtlvError('an unknown operation');
  return { version, header, operation, payload: need(batchItem, TAG['Request Payload'], 'structure') };
}

export interface Response {
  /** The server's; 1.0 when it did not understand ours. */
  readonly version: string;
  /** Undefined when the server could not read the request. */
  readonly operation: Operation | undefined;
  readonly status: ResultStatus;
  /** Of `RESULT_REASON`, or a vendor's own; undefined on success, and when a server gives none. */
  readonly reason: number | undefined;
  /** The server's words, for operators. Nothing may depend on them. */
  readonly message: string | undefined;
  /** Empty where the server sent none. */
  readonly payload: Structure;
}

/**
 * Throws `TtlvError` for what is no answer to what was sent: another operation, more than one, a later version. A refusal
 * by the server is an answer.
 */
export function readResponse(message: Item, sent: { version: Version; operation: Operation }): Response {
  const { version, batchItem } = envelope(message, TAG['Response Message'], TAG['Response Header']);
  if (isNewer(version, sent.version)) throw new TtlvError('a response of a later version than the request');
  inOrder(batchItem, RESPONSE_ORDER);
  const operation = readOperation(batchItem, sent.operation);
  const status = nameOf(RESULT_STATUS, need(batchItem, TAG['Result Status'], 'enumeration').value);
  if (status === undefined) throw new TtlvError('an unknown result status');
  if (status === 'Success' && operation === undefined) throw new TtlvError('success without an operation');
  return {
    version,
    operation,
    status,
    reason: optional(batchItem, TAG['Result Reason'], 'enumeration')?.value,
    message: optional(batchItem, TAG['Result Message'], 'textString')?.value,
    payload: optional(batchItem, TAG['Response Payload'], 'structure') ?? NO_PAYLOAD,
  };
}

function readOperation(batchItem: Item, sent: Operation): Operation | undefined {
  const code = optional(batchItem, TAG.Operation, 'enumeration')?.value;
  if (code === undefined) return undefined;
  if (code !== OPERATION[sent]) throw new TtlvError('a response to another operation');
  return sent;
}

const NO_PAYLOAD = structure(TAG['Response Payload'], []);
const RESPONSE_ORDER = [
  TAG.Operation,
  TAG['Unique Batch Item ID'],
  TAG['Result Status'],
  TAG['Result Reason'],
  TAG['Result Message'],
  TAG['Asynchronous Correlation Value'],
  TAG['Response Payload'],
];

interface Envelope {
  readonly header: Structure;
  readonly version: string;
  readonly batchItem: Item;
}

function envelope(message: Item, messageTag: number, headerTag: number): Envelope {
  if (message.tag !== messageTag) throw new TtlvError(`not a ${tagName(messageTag)}`);
  inOrder(message, [headerTag, TAG['Batch Item']]);
  const header = need(message, headerTag, 'structure');
  inOrder(header, [TAG['Protocol Version'], TAG['Batch Count']]);
  const count = need(header, TAG['Batch Count'], 'integer').value;
  const [batchItem, ...others] = all(message, TAG['Batch Item']);
  if (count !== 1 || batchItem === undefined || others.length > 0)
    throw new TtlvError('a batch of another size than one');
  return { header, version: readVersion(need(header, TAG['Protocol Version'], 'structure')), batchItem };
}

/** What a server says. `timeStamp` is in seconds since 1970 UTC. */
export interface Answer {
  readonly version: Version;
  readonly timeStamp: bigint;
  readonly operation?: Operation;
  readonly status: ResultStatus;
  readonly reason?: keyof typeof RESULT_REASON;
  readonly message?: string;
  readonly payload?: readonly Item[];
}

export function responseMessage(answer: Answer): Item {
  return structure(TAG['Response Message'], [
    structure(TAG['Response Header'], [
      versionItem(answer.version),
      dateTime(TAG['Time Stamp'], answer.timeStamp),
      integer(TAG['Batch Count'], 1),
    ]),
    structure(TAG['Batch Item'], [
      ...when(answer.operation, (operation) => enumeration(TAG.Operation, OPERATION[operation])),
      enumeration(TAG['Result Status'], RESULT_STATUS[answer.status]),
      ...when(answer.reason, (reason) => enumeration(TAG['Result Reason'], RESULT_REASON[reason])),
      ...when(answer.message, (message) => text(TAG['Result Message'], message)),
      ...when(answer.payload, (payload) => structure(TAG['Response Payload'], payload)),
    ]),
  ]);
}

/** An optional item: it, or nothing. */
export function when<T>(value: T | undefined, build: (value: T) => Item): readonly Item[] {
  return value === undefined ? [] : [build(value)];
}
