import { expect } from 'chai';
import { startWorkingOrders } from '../../src/jobs/orders.ts';
import type { Answer, Persona, TestApp } from '../helpers/app.ts';
import type { TestDialect } from '../helpers/databases.ts';
import { until } from '../robustness/broker-process.ts';
import { broker } from './wire.ts';

/** What the tests of orders share: a broker that works them, and the requests of a client that waits for its keys. */

export type Shown = Readonly<Record<string, unknown>>;

export const AES = { algorithm: 'aes', bit_length: 256 };
export const RSA = { algorithm: 'rsa', bit_length: 1024 };
export const key = (meta: Shown = AES): Shown => ({ type: 'key', meta });
export const pair = (meta: Shown = RSA): Shown => ({ type: 'asymmetric', meta });

/** One broker for all tests of a `describe`, with a worker of its own. */
export function workingBroker(dialect: TestDialect, config: Record<string, unknown> = {}): () => TestApp {
  let working: ReturnType<typeof startWorkingOrders> | undefined;
  // Before the broker's own end, which takes the database away.
  after(() => working?.stop());
  const app = broker(dialect, config);
  before(() => {
    working = startWorkingOrders(app().broker.services);
  });
  return app;
}

/** Places an order and answers the path of its reference. */
export async function ordered(app: TestApp, body: unknown, as?: Persona): Promise<string> {
  const answer = await app.request('POST', '/v1/orders', { body, ...(as === undefined ? {} : { as }) });
  expect(answer.status, answer.text).to.equal(202);
  return pathIn(answer.json, 'order_ref');
}

export const pathIn = (shown: Shown | undefined, ref: string): string =>
  new URL(String(shown?.[ref])).pathname;

const WAIT_MS = 15_000;

/** The order once it is no longer PENDING. */
export async function ended(app: TestApp, path: string, as?: Persona): Promise<Shown> {
  const ask = async (): Promise<Shown | undefined> => {
    const { json, status, text } = await app.request('GET', path, as === undefined ? {} : { as });
    expect(status, text).to.equal(200);
    return json?.['status'] === 'PENDING' ? undefined : json;
  };
  return until(ask, `the end of ${path}`, WAIT_MS);
}

export const make = async (app: TestApp, body: unknown, as?: Persona): Promise<Shown> =>
  ended(app, await ordered(app, body, as), as);

export async function shown(app: TestApp, path: string, as?: Persona): Promise<Shown> {
  const { json, status, text } = await app.request('GET', path, as === undefined ? {} : { as });
  expect(status, text).to.equal(200);
  return json ?? {};
}

export async function payloadOf(app: TestApp, path: string): Promise<Buffer> {
  const headers = { Accept: 'application/octet-stream' };
  const answer: Answer = await app.request('GET', `${path}/payload`, { headers });
  expect(answer.status, answer.text).to.equal(200);
  return answer.bytes;
}

/** Paths of a container's secrets, by the names they have in it. */
export async function membersOf(app: TestApp, path: string): Promise<Readonly<Record<string, string>>> {
  const { secret_refs: refs } = await shown(app, path);
  return Object.fromEntries(
    (refs as readonly Shown[]).map((ref) => [String(ref['name']), pathIn(ref, 'secret_ref')]),
  );
}
