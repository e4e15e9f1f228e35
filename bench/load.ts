import { Agent, request as httpRequest, type RequestOptions } from 'node:http';

/** One kind of request, repeated over `paths`; plain data, because the load runs in a process of its own. */
export interface Load {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Any other status is an error. */
  readonly status: number;
  /** How many requests are on their way at any time. */
  readonly concurrency: number;
  readonly seconds: number;
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  /** The first one, in words. */
  readonly error: string | null;
}

/** A server that does not answer at all must not hang the run. */
const REQUEST_TIMEOUT_MS = 10_000;
const NANOSECONDS_PER_MS = 1e6;

/** Closed loop: each of `concurrency` callers sends its next request when it has read the last answer to its end. */
export async function runLoad(load: Load): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.concurrency });
  const tally: Tally = { latencies: [], errors: 0, error: null, next: 0 };
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(load.seconds * 1e9));
  await Promise.all(Array.from({ length: load.concurrency }, () => callUntil(end, load, agent, tally)));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  agent.destroy();
  tally.latencies.sort((a, b) => a - b);
  return {
    requests: tally.latencies.length,
    perSecond: tally.latencies.length / seconds,
    p50Ms: percentile(tally.latencies, 0.5),
    p99Ms: percentile(tally.latencies, 0.99),
    errors: tally.errors,
    error: tally.error,
  };
}

interface Tally {
  readonly latencies: number[];
  errors: number;
  error: string | null;
  next: number;
}

async function callUntil(end: bigint, load: Load, agent: Agent, tally: Tally): Promise<void> {
  for (let sent = process.hrtime.bigint(); sent < end; sent = process.hrtime.bigint()) {
    const path = load.paths[tally.next % load.paths.length] ?? '/';
    tally.next += 1;
    const problem = await call(load, path, agent);
    if (problem === undefined)
      tally.latencies.push(Number(process.hrtime.bigint() - sent) / NANOSECONDS_PER_MS);
    else {
      tally.errors += 1;
      tally.error ??= `${load.method} ${path}: ${problem}`;
    }
  }
}

/** What was wrong with the answer, if anything. */
function call(load: Load, path: string, agent: Agent): Promise<string | undefined> {
  const { port, method, headers, body } = load;
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    method,
    path,
    headers,
    agent,
    timeout: REQUEST_TIMEOUT_MS,
  };
  return new Promise((resolve) => {
    const request = httpRequest(options, (response) => {
      response.resume();
      response.once('end', () => {
        resolve(response.statusCode === load.status ? undefined : `status ${response.statusCode}`);
      });
      response.once('error', (error) => resolve(error.message));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => resolve(error.message));
    request.end(body);
  });
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
