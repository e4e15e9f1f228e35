import { expect } from 'chai';
import { timestampFromMillis } from '../../src/model/timestamp.ts';
import type { Answer, Persona } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import {
  broker,
  created,
  expectError,
  freshProject,
  mismatch,
  serveBeside,
  sqlite,
  TEXT,
  type Front,
} from './wire.ts';

const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 23);
const HOUR_MS = 3_600_000;

/** What is sent, and what is shown. */
const ACCEPTED: readonly [sent: string, shown: string][] = [
  ['2040-01-02T03:04:05', '2040-01-02T03:04:05'],
  ['2040-01-02 03:04:05', '2040-01-02T03:04:05'],
  ['2040-01-02T03:04:05.678901', '2040-01-02T03:04:05.678901'],
  ['2040-01-02T03:04:05.5', '2040-01-02T03:04:05.500000'],
  ['2040-01-02T03:04:05Z', '2040-01-02T03:04:05'],
  ['2040-01-02T03:04:05-05:00', '2040-01-02T08:04:05'],
  ['2040-01-02T03:04:05+05:00', '2040-01-01T22:04:05'],
  ['2040-01-02T03:04:05-01', '2040-01-02T04:04:05'],
  ['2040-01-02T03:04:05+01', '2040-01-02T02:04:05'],
  ['  2040-01-02T03:04:05\n', '2040-01-02T03:04:05'],
  ['2040', '2040-01-01T00:00:00'],
  ['20400102', '2040-01-02T00:00:00'],
];
const INVALID = ['2040-01-02T03:04:05-5:00', 'tomorrow', '204001', '2040-W01', '0', 'null', '2040-02-30'];
const PAST = ['2014-02-28T19:14:44.180394', '1970', '0001-01-01', '2026-01-01T00:00:00+05:00'];

describe('expirations of POST /v1/secrets', () => {
  const app = broker(sqlite());
  const post = (expiration: string): Promise<Answer> =>
    app().request('POST', '/v1/secrets', { body: { expiration } });

  for (const [sent, shown] of ACCEPTED) {
    it(`${JSON.stringify(sent)} is ${shown}`, async () => {
      const path = await created(app(), { expiration: sent });
      expect((await app().request('GET', path)).json?.['expiration']).to.equal(shown);
    });
  }
  for (const text of INVALID) {
    it(`${text} is none`, async () => {
      expectError(await post(text), 400, mismatch("Invalid date for 'expiration'", 'expiration'));
    });
  }
  for (const text of PAST) {
    it(`${text} is past`, async () => {
      expectError(await post(text), 400, mismatch("'expiration' is before current time", 'expiration'));
    });
  }
  it('a moment ago is past, with an offset too', async () => {
    const past = mismatch("'expiration' is before current time", 'expiration');
    expectError(await post(ahead(-50)), 400, past);
    expectError(await post(`${ahead(5 * HOUR_MS - 50)}+05:00`), 400, past);
    expect((await post(`${ahead(5 * HOUR_MS + 60_000)}+05:00`)).status).to.equal(201);
  });
});

/** The broker behind a clock that a test moves: the moment of expiration itself counts as past. */
describeDatabases('a secret that has expired', (dialect) => {
  const app = broker(dialect);
  const START_MS = Date.parse('2040-06-01T12:00:00Z');
  let nowMs = START_MS;
  let beside: Front;
  let as: Persona;
  let path = '';
  before(async () => {
    const { services } = app().broker;
    beside = await serveBeside({ ...services, clock: () => timestampFromMillis(nowMs) });
  });
  after(() => beside.close());

  const ask = (method: string, target: string, body?: unknown): Promise<Answer> =>
    beside.ask(method, target, as, body);

  beforeEach(async () => {
    nowMs = START_MS;
    as = freshProject();
    const expiring = { ...TEXT, name: 'expiring', expiration: '2040-06-01T12:00:10' };
    path = await created(app(), expiring, { as });
    await created(app(), { name: 'staying' }, { as });
    expect((await ask('PUT', `${path}/metadata`, { metadata: { k: 'v' } })).status).to.equal(201);
  });

  it('is there until the last millisecond', async () => {
    nowMs = START_MS + 9_999;
    expect((await ask('GET', path)).status).to.equal(200);
    expect((await ask('GET', `${path}/payload`)).text).to.equal(TEXT.payload);
    expect((await ask('GET', '/v1/secrets')).json?.['total']).to.equal(2);
  });

  for (const [method, below, body] of [
    ['GET', '', undefined],
    ['GET', '/payload', undefined],
    ['PUT', '', 'late'],
    ['DELETE', '', undefined],
    ['GET', '/metadata', undefined],
    ['PUT', '/metadata', { metadata: {} }],
    ['POST', '/metadata', { key: 'a', value: 'b' }],
    ['GET', '/metadata/k', undefined],
    ['PUT', '/metadata/k', { key: 'k', value: 'b' }],
    ['DELETE', '/metadata/k', undefined],
  ] as const) {
    for (const lateMs of [10_000, 10_001, 365 * 24 * HOUR_MS]) {
      it(`is missing to ${method} {id}${below} after ${lateMs} ms`, async () => {
        nowMs = START_MS + lateMs;
        expectError(await ask(method, path + below, body), 404, 'Secret not found.');
      });
    }
  }

  it('is missing from lists and totals, filtered or not', async () => {
    nowMs = START_MS + 10_000;
    for (const query of ['', '?sort=expiration', '?expiration=gt:2039', '?name=expiring']) {
      const { json } = await ask('GET', `/v1/secrets${query}`);
      const names = (json?.['secrets'] as { name: string }[]).map(({ name }) => name);
      const expected = query === '' || query.startsWith('?sort') ? ['staying'] : [];
      expect([names, json?.['total']]).to.deep.equal([expected, expected.length]);
    }
  });

  it('is missing to those who have no rights either', async () => {
    nowMs = START_MS + 10_000;
    as = { ...as, roles: [] };
    expectError(await ask('GET', path), 404, 'Secret not found.');
  });
});
