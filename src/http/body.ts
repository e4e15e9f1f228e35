import type { IncomingMessage } from 'node:http';
import { BadRequest, RequestTimeout, type BrokerError } from '../errors.ts';

/** The bytes of a body, or the fact that there are more than the limit: then none are kept. */
export type ReadBody = { readonly bytes: Buffer; readonly tooLarge: boolean };

const NOTHING = Buffer.alloc(0);

/** Reads at most `limit` bytes. Past the limit the rest is let go unread. A client that goes away is a 400 nobody sees. */
export function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  if (Number(request.headers['content-length']) > limit) return Promise.resolve(letGo(request));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else resolve(letGo(request.removeAllListeners('data')));
    });
    request.once('end', () => resolve({ bytes: whole(chunks, size), tooLarge: false }));
    request.once('error', (cause) => reject(failure(cause)));
    // Also comes after the end, and then says nothing.
    request.once('close', () => request.readableEnded || reject(failure(undefined)));
  });
}

function whole(chunks: readonly Buffer[], size: number): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

function failure(cause: unknown): BrokerError {
  const { code } = (cause ?? {}) as { code?: unknown };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestTimeout('', { cause });
  return new BadRequest('', { detail: 'the request body ended early', cause });
}

/** The connection stays: the refusal is yet to be sent on it. */
function letGo(request: IncomingMessage): ReadBody {
  request.resume();
  return { bytes: NOTHING, tooLarge: true };
}

/** The bare media type of a header, case kept: the API compares it exactly. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim() ?? '';
}
