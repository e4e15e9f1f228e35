import { expect } from 'chai';
import fc from 'fast-check';
import { startApp, type TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { anyGarbage, anyRequest, knownRequests, type FuzzRequest } from './fuzz-requests.ts';
import { EMPTY_SECRET, FULL_SECRET } from './fuzz-targets.ts';
import { pathOf, textSecret } from './client.ts';
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
  before(async () => (app = await startApp({ dialect })));
  after(() => app.close());

  const play = async (request: FuzzRequest): Promise<void> => {
    const logged = app.logged().length;
    const path = request.path.replace(FULL_SECRET, () => full.id).replace(EMPTY_SECRET, () => empty.id);
    const bytes = encode(request, path);
    const answers = answersIn(await exchange(app.url, bytes), request.method);
    const news = app.logged().slice(logged);
    expect(answers, 'one request, one answer').to.have.length(1);
    judge(request, path, answers[0]!, news);
    expect(news, 'nothing failed inside').to.not.include('"level":"error"');
  };

  const full = { id: '' };
  const empty = { id: '' };
  const refill = async (): Promise<void> => {
    full.id = await created(app, { ...textSecret('hello'), name: 'full' });
    empty.id = await created(app, { name: 'empty' });
    const named = await app.request('POST', `/v1/secrets/${full.id}/metadata`, {
      body: { key: 'owner', value: 'x' },
    });
    expect(named.status).to.equal(201);
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
    const id = await created(app, textSecret('still here'));
    expect(
      (await app.request('GET', `/v1/secrets/${id}/payload`, { headers: { Accept: 'text/plain' } })).text,
    ).to.equal('still here');
  });
});

async function created(app: TestApp, body: object): Promise<string> {
  return pathOf(await app.request('POST', '/v1/secrets', { body })).slice('/v1/secrets/'.length);
}

function encode({ method, query, headers, body }: FuzzRequest, path: string): Buffer {
  const known = new Set(headers.map(([name]) => name.toLowerCase()));
  const caller = [
    ['X-Project-Id', 'p-1'],
    ['X-User-Id', 'u-owner'],
    ['X-Roles', 'creator'],
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
