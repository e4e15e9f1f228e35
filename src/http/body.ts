import type { IncomingMessage } from 'node:http';
import { BadRequest, RequestTimeout } from '../errors.ts';

/** The bytes of a body, or the fact that there are more than the limit: then none are kept. */
export type ReadBody = { readonly bytes: Buffer; readonly tooLarge: boolean };

const NOTHING = Buffer.alloc(0);

/** Reads at most `limit` bytes. Past the limit the rest is let go unread. A client that goes away is a 400 nobody sees. */
export async function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  if (Number(request.headers['content-length']) > limit) return letGo(request);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop early must not take down the connection, on which the refusal is yet to be sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_HTTP_REQUEST_TIMEOUT')
      throw new RequestTimeout('', { cause });
    throw new BadRequest('', { detail: 'the request body ended early', cause });
  }
  if (size > limit) return letGo(request);
  return {
    bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size),
    tooLarge: false,
  };
}

function letGo(request: IncomingMessage): ReadBody {
  request.resume();
  return { bytes: NOTHING, tooLarge: true };
}

/** The bare media type of a header, case kept: the API compares it exactly. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim() ?? '';
}
