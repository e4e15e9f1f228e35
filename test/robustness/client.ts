import http, { type IncomingHttpHeaders } from 'node:http';

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON; text and bytes as they are. */
  readonly body?: unknown;
  readonly project?: string;
  readonly roles?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** A request to a broker in another process; rejects when the connection breaks before the answer is whole. */
export function send(url: string, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const raw = sent.body === undefined || typeof sent.body === 'string' || sent.body instanceof Uint8Array;
  const bytes = raw ? Buffer.from(sent.body ?? '') : Buffer.from(JSON.stringify(sent.body));
  const headers = {
    'X-Project-Id': sent.project ?? 'p-1',
    'X-User-Id': 'u-owner',
    'X-Roles': sent.roles ?? 'creator',
    ...(sent.body === undefined ? {} : { 'Content-Length': String(bytes.length) }),
    ...(raw ? {} : { 'Content-Type': 'application/json' }),
    ...sent.headers,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      collect(response).then(resolve, reject);
    });
    request.once('error', reject);
    request.end(bytes);
  });
}

async function collect(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  return { status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: parsed(text) };
}

function parsed(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json'];
  } catch {
    return undefined;
  }
}

/** The path of the secret an answer to a creation names. */
export function pathOf({ json, status, text }: Pick<Answer, 'json' | 'status' | 'text'>): string {
  const ref = json?.['secret_ref'];
  if (typeof ref !== 'string') throw new Error(`no secret was created: ${status} ${text}`);
  return new URL(ref).pathname;
}

export function textSecret(payload: string): Readonly<Record<string, string>> {
  return { payload, payload_content_type: 'text/plain' };
}
