import { expect } from 'chai';
import fc from 'fast-check';
import { startApp, type TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { anyGarbage, anyRequest, knownRequests, type FuzzRequest } from './fuzz-requests.ts';
import { CONTAINER, EMPTY_SECRET, FULL_SECRET, ORDER, STORE, TRANSPORT_KEY } from './fuzz-targets.ts';
import { textSecret } from './client.ts';
import { answersIn, exchange, type WireAnswer } from './wire.ts';

/**
 * `FUZZ_RUNS` is how many requests are tried; a failure prints seed and path, which `FUZZ_SEED` and `FUZZ_PATH` play
 * again.
 */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const REPLAY = {
  ...(process.env['FUZZ_SEED'] === undefined ? {} : { seed: Number(process.env['FUZZ_SEED']) }),
  ...(process.env['FUZZ_PATH'] === undefined ? {} : { path: process.env['FUZZ_PATH'] }),
};
const MILLIS_PER_RUN = 200;

describeDatabases('hostile requests', (dialect) => {
  let app: TestApp;
  before(async () => {
    const master_keys = [{ id: 'test', key: Buffer.alloc(32, 7).toString('base64') }];
    const configured = ['software', 'second'].map((name) => ({ name, kind: 'simple_crypto', master_keys }));
    app = await startApp({ dialect, config: { stores: { default: 'software', configured } } });
    const stores = await app.request('GET', '/v1/secret-stores', { as: EVERYONE });
    const [store] = stores.json?.['secret_stores'] as readonly { secret_store_ref: string }[];
    ids.set(STORE, lastSegment(store!.secret_store_ref));
  });
  after(() => app.close());

  const play = async (request: FuzzRequest): Promise<void> => {
    const logged = app.logged().length;
    const path = named(request.path);
    const body = request.body && Buffer.from(named(request.body.toString('latin1')), 'latin1');
    const bytes = encode({ ...request, body }, path);
    const answers = answersIn(await exchange(app.url, bytes), request.method);
    const news = app.logged().slice(logged);
    expect(answers, 'one request, one answer').to.have.length(1);
    judge(request, path, answers[0]!, news);
    expect(news, 'nothing failed inside').to.not.include('"level":"error"');
  };

  const ids = new Map<string, string>();
  const named = (text: string): string =>
    text.replaceAll(/\{[a-z-]+\}/g, (placeholder) => ids.get(placeholder) ?? placeholder);
  const make = async (path: string, body: object): Promise<string> => {
    const { status, headers, text } = await app.request('POST', path, { as: EVERYONE, body });
    expect(status, text).to.be.within(201, 202);
    return lastSegment(String(headers.location));
  };
  const refill = async (): Promise<void> => {
    ids.set(FULL_SECRET, await make('/v1/secrets', { ...textSecret('hello'), name: 'full' }));
    ids.set(EMPTY_SECRET, await make('/v1/secrets', { name: 'empty' }));
    ids.set(CONTAINER, await make('/v1/containers', { type: 'generic' }));
    ids.set(ORDER, await make('/v1/orders', { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }));
    ids.set(TRANSPORT_KEY, await make('/v1/transport_keys', { plugin_name: 'p', transport_key: 'k' }));
    await make(`/v1/secrets/${ids.get(FULL_SECRET)}/metadata`, { key: 'owner', value: 'x' });
  };

  it(`never fail the broker, and are answered in the API's shape (${RUNS} runs)`, async function () {
    this.timeout(20_000 + RUNS * MILLIS_PER_RUN);
    const property = fc.asyncProperty(anyRequest, async (request) => {
      await refill();
      await play(request);
    });
    await fc.assert(property, {
      numRuns: RUNS + knownRequests.length,
      ...REPLAY,
      examples: knownRequests,
      endOnFailure: true,
    });
  });

  it(`never fail the broker when they are not even HTTP (${RUNS} runs)`, async function () {
    this.timeout(20_000 + RUNS * MILLIS_PER_RUN);
    const property = fc.asyncProperty(anyGarbage, async (garbage) => {
      // The end of the other side's sending ends every request that waits for more.
      const answer = await exchange(app.url, garbage, { end: true });
      for (const { status, headers, body } of answersIn(answer, garbage.toString('latin1', 0, 4))) {
        expect(status, 'no failure of ours').to.be.below(500);
        const inShape = status >= 400 && headers['content-type'] === 'application/json';
        if (inShape) expect(shapeOf(body)).to.include({ code: status });
      }
    });
    await fc.assert(property, { numRuns: RUNS, ...REPLAY, endOnFailure: true });
    expect(app.logged()).to.not.include('"level":"error"');
  });

  it('leave a broker that works', async () => {
    const id = await make('/v1/secrets', textSecret('still here'));
    expect(
      (await app.request('GET', `/v1/secrets/${id}/payload`, { headers: { Accept: 'text/plain' } })).text,
    ).to.equal('still here');
  });
});

/** Whoever sends hostile requests has every right there is: nothing is refused before it gets far. */
const EVERYONE = {
  user: 'u-owner',
  project: 'p-1',
  roles: ['admin', 'creator', 'key-manager:service-admin'],
};

const lastSegment = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

function encode({ method, query, headers, body }: FuzzRequest, path: string): Buffer {
  const known = new Set(headers.map(([name]) => name.toLowerCase()));
  const caller = [
    ['X-Project-Id', 'p-1'],
    ['X-User-Id', 'u-owner'],
    ['X-Roles', EVERYONE.roles.join(',')],
  ].filter(([name]) => !known.has(name!.toLowerCase()));
  const lines = [...caller, ...headers, ['Connection', 'close']].map(([name, value]) => `${name}: ${value}`);
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const head = [`${method} ${path}${query} HTTP/1.1`, ...lines, ...length, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)]);
}

function judge(request: FuzzRequest, path: string, answer: WireAnswer, log: string): void {
  expect(answer.status, `no failure of ours: ${log}`).to.be.within(200, 499);
  if (answer.status < 400 || request.method === 'HEAD' || !path.startsWith('/v1')) return;
  const shape = shapeOf(answer.body);
  expect(answer.headers['content-type']).to.equal('application/json');
  expect(shape).to.include({ code: answer.status });
  expect(shape).to.have.property('title').that.is.a('string');
  expect(shape).to.have.property('description');
  expect(
    Object.keys(shape as object)
      .filter((key) => key !== 'error')
      .sort(),
  ).to.deep.equal(['code', 'description', 'title']);
}

function shapeOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new Error(`not JSON: ${JSON.stringify(body.toString('latin1'))}`);
  }
}
