import { request } from 'node:http';

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Not `fetch`: it trims header values, adds an Accept of its own, and keeps connections this test wants to count. */
export function send(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, agent: false }, (reply) => {
      const parts: Buffer[] = [];
      reply.on('data', (part: Buffer) => parts.push(part));
      reply.once('error', reject);
      reply.once('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text });
      });
    });
    call.once('error', reject);
    call.end(body);
  });
}

export const jsonOf = (answer: Answer): Readonly<Record<string, unknown>> =>
  JSON.parse(answer.text) as Readonly<Record<string, unknown>>;

export function asJson(token: string, method: string, value: unknown): Call {
  return {
    method,
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify(value),
  };
}
