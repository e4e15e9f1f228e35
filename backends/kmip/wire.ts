import { StoreRejected } from '../../src/errors.ts';
import type { Credential } from '../../src/ttlv/credentials.ts';
import { readResponse, requestMessage, type Request, type Response } from '../../src/ttlv/messages.ts';
import { decode, encode, LIMITS, type Structure, TtlvError } from '../../src/ttlv/ttlv.ts';
import type { Version } from '../../src/ttlv/versions.ts';
import type { Connection } from './connection.ts';
import { Refusal, refusalError } from './refusal.ts';

/** Makes something of the payload of a successful answer. Copies what it keeps: the message is wiped. */
export type Read<T> = (payload: Structure) => T;

export interface Wire {
  /**
   * Rejects with what a caller of the store is told; `refusedFor` has the server's reason. After an answer that cannot be
   * read the connection is closed.
   */
  ask<T>(version: Version, request: Request, read: Read<T>, timeoutMs?: number): Promise<T>;
}

export interface WireOptions {
  /** Its name, as callers know it. */
  readonly store: string;
  /** The server and the store, for the log. */
  readonly place: string;
  readonly credential: Credential | undefined;
  readonly requestMs: number;
  readonly maxMessageBytes: number;
}

/** KMIP over a connection: one operation a message. */
export function createWire(connection: Connection, options: WireOptions): Wire {
  const { place, requestMs, maxMessageBytes } = options;
  const limits = { ...LIMITS, messageBytes: maxMessageBytes };
  return {
    ask: async (version, request, read, timeoutMs = requestMs) => {
      const header = { version, credential: options.credential, maximumResponseSize: maxMessageBytes };
      const message = encode(requestMessage(header, request), limits);
      const answer = await connection.exchange(message, timeoutMs).finally(() => message.fill(0));
      try {
        const response = readResponse(decode(answer, limits), { version, operation: request.operation });
        requireSuccess(response, request, options);
        return read(response.payload);
      } catch (error) {
        if (!(error instanceof TtlvError)) throw error;
        connection.close();
        throw new StoreRejected(`${place} sent what is no answer to ${request.operation}: ${error.message}`, {
          cause: error,
        });
      } finally {
        answer.fill(0);
      }
    },
  };
}

function requireSuccess(
  { status, reason, message }: Response,
  { operation }: Request,
  { place, store }: WireOptions,
): void {
  if (status === 'Success') return;
  if (status === 'Operation Failed')
    throw refusalError(place, store, new Refusal(operation, reason, message));
  throw new StoreRejected(`${place} answered ${operation} with ${status}, which nobody asked for`);
}
