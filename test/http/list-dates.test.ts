import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, expectError, freshProject } from './wire.ts';

const REFUSED = 'URI provided invalid query string parameters.';

/** Expirations, by the name of the secret. `never` has none. */
const EXPIRATIONS: Readonly<Record<string, string | undefined>> = {
  first: '2040-01-01T00:00:00',
  second: '2040-01-01T00:00:00.000001',
  third: '2040-06-15T12:30:00.500000',
  last: '2050-12-31T23:59:59.999999',
  never: undefined,
};

const FOUND: readonly [filter: string, names: readonly string[]][] = [
  ['2040-01-01T00:00:00', ['first']],
  ['2040-01-01', ['first']],
  ['2040', ['first']],
  ['20400101', ['first']],
  ['2040-01', ['first']],
  ['2040-01-01 00:00', ['first']],
  ['2040-01-01T00:00:00.000001', ['second']],
  ['2040-06-15T12:30:00.5', ['third']],
  ['2040-06-15T12:30:00.5Z', ['third']],
  ['2040-06-15T14:30:00.5+02:00', ['third']],
  ['2040-06-15T07:30:00.5-05', ['third']],
  ['20400615T123000.5', ['third']],
  ['2041', []],
  ['gt:2040-01-01', ['second', 'third', 'last']],
  ['gte:2040-01-01', ['first', 'second', 'third', 'last']],
  ['lt:2040-01-01T00:00:00.000001', ['first']],
  ['lte:2040-01-01T00:00:00.000001', ['first', 'second']],
  ['gt:2040-06-15T14:30:00+02:00', ['third', 'last']],
  ['lt:2040-06-15T07:30:00-05:00', ['first', 'second']],
  ['gt:2040-01-01,lt:2050', ['second', 'third']],
  ['gte:2040-01-01,lte:2040-06-15T12:30:00.5', ['first', 'second', 'third']],
  ['gt:2050,lt:2040', []],
  ['2040-01-01,gt:2039', ['first']],
  ['2040-01-01,lt:2041', ['first']],
  ['', ['first', 'second', 'third', 'last', 'never']],
];

const NO_TIMES = [
  'tomorrow',
  '2040-01-01T00:00:00,000001',
  'gt:',
  'gt',
  ',',
  'gt:2040,',
  ',gt:2040',
  '2040-13-01',
  '2040-02-30',
  '2040-01-01T24:00',
  '2040-01-01T00:00-5:00',
  'gt:gt:2040',
  'eq:2040',
  'GT:2040',
  'ge:2040',
  'gt: 2040',
  'gt=2040',
  '204',
  '1600000000',
  "2040'",
];

/** A term, and the terms that make it redundant when they come before it. */
const REDUNDANT: Readonly<Record<string, readonly string[]>> = {
  'gt:': ['gt:', 'gte:'],
  'gte:': ['gt:', 'gte:', ''],
  'lt:': ['lt:', 'lte:'],
  'lte:': ['lt:', 'lte:', ''],
  '': ['', 'gte:', 'lte:'],
};
const OPERATORS = Object.keys(REDUNDANT);

describeDatabases('date filters of GET /v1/secrets', (dialect) => {
  const app = broker(dialect);
  const as = freshProject();
  before(async () => {
    for (const [name, expiration] of Object.entries(EXPIRATIONS)) {
      await created(app(), { name, ...(expiration === undefined ? {} : { expiration }) }, { as });
    }
  });
  const list = (parameters: Record<string, string>): Promise<Answer> =>
    app().request('GET', `/v1/secrets?${new URLSearchParams(parameters).toString()}`, { as });

  for (const [filter, names] of FOUND) {
    it(`expiration=${filter}`, async () => {
      const answer = await list({ expiration: filter });
      expect(namesIn(answer), answer.text).to.deep.equal(names);
      expect(answer.json?.['total']).to.equal(names.length);
    });
  }

  for (const filter of NO_TIMES) {
    it(`no time: ${filter}`, async () => {
      for (const field of ['created', 'updated', 'expiration']) {
        expectError(await list({ [field]: filter }), 400, REFUSED);
      }
    });
  }

  it('a plus sign that was not encoded is a space', async () => {
    const answer = await app().request('GET', '/v1/secrets?created=2040-01-01T00:00:00+02:00', { as });
    expectError(answer, 400, REFUSED);
  });

  for (const earlier of OPERATORS) {
    for (const later of OPERATORS) {
      const refused = REDUNDANT[later]?.includes(earlier) ?? false;
      it(`"${earlier}" then "${later}" is ${refused ? 'refused' : 'both'}`, async () => {
        const answer = await list({ created: `${earlier}2030,${later}2031` });
        if (refused) expectError(answer, 400, REFUSED);
        else expect(answer.status).to.equal(200);
      });
    }
  }

  it('of three terms each is held against all before it', async () => {
    expectError(await list({ updated: 'gt:2030,lt:2031,gte:2032' }), 400, REFUSED);
    expect((await list({ updated: '2030,gt:2031,lt:2032' })).status).to.equal(200);
  });
});

describeDatabases('date filters with the very texts of a GET', (dialect) => {
  const app = broker(dialect);
  const as = freshProject();
  let shown: Readonly<Record<string, string>>[] = [];
  before(async () => {
    for (const year of [2041, 2042, 2043]) {
      const path = await created(
        app(),
        { name: `${year}`, expiration: `${year}-02-03T04:05:06.789012` },
        { as },
      );
      const headers = { 'Content-Type': 'text/plain' };
      if (year === 2042) await app().request('PUT', path, { as, body: 'late', headers });
    }
    const { json } = await app().request('GET', '/v1/secrets?sort=name', { as });
    shown = json?.['secrets'] as Readonly<Record<string, string>>[];
  });

  for (const field of ['created', 'updated', 'expiration']) {
    for (const [operator, names] of [
      ['', ['2042']],
      ['gt:', ['2043']],
      ['gte:', ['2042', '2043']],
      ['lt:', ['2041']],
      ['lte:', ['2041', '2042']],
    ] as const) {
      it(`${field}=${operator}<the second> finds ${names.join(' and ')}`, async () => {
        const middle = shown[1]?.[field] ?? '';
        const parameters = new URLSearchParams({ [field]: operator + middle, sort: `${field}:asc` });
        const answer = await app().request('GET', `/v1/secrets?${parameters.toString()}`, { as });
        expect(namesIn(answer)).to.deep.equal(names);
      });
    }
  }
});

function namesIn(answer: Answer): readonly string[] {
  const secrets = answer.json?.['secrets'] as readonly { readonly name: string }[] | undefined;
  return secrets?.map(({ name }) => name) ?? [];
}
