import { expect } from 'chai';
import type { Answer } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { broker, created, expectError, freshProject, sqlite } from './wire.ts';

const REFUSED = 'URI provided invalid query string parameters.';
const TOTAL = 25;

/** The query, the page it gives (first number, how many), and the pages it links to (limit, offset). */
const PAGES: readonly [
  query: string,
  first: number,
  count: number,
  previous: string | undefined,
  next: string | undefined,
][] = [
  ['', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=10', 10, 10, 'limit=10&offset=0', 'limit=10&offset=20'],
  ['offset=20', 20, 5, 'limit=10&offset=10', undefined],
  ['offset=5', 5, 10, 'limit=10&offset=0', 'limit=10&offset=15'],
  ['offset=15', 15, 10, 'limit=10&offset=5', undefined],
  ['offset=14', 14, 10, 'limit=10&offset=4', 'limit=10&offset=24'],
  ['limit=25', 0, 25, undefined, undefined],
  ['limit=24', 0, 24, undefined, 'limit=24&offset=24'],
  ['limit=24&offset=24', 24, 1, 'limit=24&offset=0', undefined],
  ['limit=1&offset=24', 24, 1, 'limit=1&offset=23', undefined],
  ['limit=0', 0, 1, undefined, 'limit=1&offset=1'],
  ['limit=-5', 0, 1, undefined, 'limit=1&offset=1'],
  ['limit=100', 0, 25, undefined, undefined],
  ['limit=101&offset=1', 1, 24, 'limit=100&offset=0', undefined],
  ['limit=99999999999999999999&offset=1', 1, 24, 'limit=100&offset=0', undefined],
  ['limit=', 0, 10, undefined, 'limit=10&offset=10'],
  ['limit=abc', 0, 10, undefined, 'limit=10&offset=10'],
  ['limit=5.0', 0, 10, undefined, 'limit=10&offset=10'],
  ['limit=+7', 0, 7, undefined, 'limit=7&offset=7'],
  ['limit=%2B7', 0, 7, undefined, 'limit=7&offset=7'],
  ['offset=', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=-1', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=abc', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=1.5', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=9223372036854775808', 0, 10, undefined, 'limit=10&offset=10'],
  [`offset=${'9'.repeat(50)}`, 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=25', 25, 0, undefined, undefined],
  ['offset=1000000', 25, 0, undefined, undefined],
  ['offset=4294967296', 25, 0, undefined, undefined],
  ['offset=9007199254740993', 25, 0, undefined, undefined],
  ['offset=9223372036854775807', 25, 0, undefined, undefined],
];

describeDatabases('pages of GET /v1/secrets', (dialect) => {
  const app = broker(dialect);
  const as = freshProject();
  const names = Array.from({ length: TOTAL }, (_, n) => `s-${String(n).padStart(2, '0')}`);
  before(async () => {
    for (const name of names) await created(app(), { name, mode: 'cbc' }, { as });
  });
  const get = (target: string): Promise<Answer> => app().request('GET', target, { as });

  for (const [query, first, count, previous, next] of PAGES) {
    it(`?${query}`, async () => {
      const answer = await get(`/v1/secrets?${query}`);
      expect(answer.status, answer.text).to.equal(200);
      expect(namesIn(answer)).to.deep.equal(names.slice(first, first + count));
      const url = `${app().url}/v1/secrets`;
      expect(answer.text.slice(answer.text.lastIndexOf('],') + 2)).to.equal(
        JSON.stringify({
          ...(previous === undefined ? {} : { previous: `${url}?${previous}` }),
          ...(next === undefined ? {} : { next: `${url}?${next}` }),
          total: TOTAL,
        }).slice(1),
      );
    });
  }

  it('links keep the other parameters, encoded anew and in their order', async () => {
    const query = 'mode=cbc&sort=created%3Adesc&foo=a+b%26c&limit=10&offset=10&name=&created=gt%3A2020-01-01';
    const rest = '&mode=cbc&sort=created%3Adesc&foo=a+b%26c&name=&created=gt%3A2020-01-01';
    const answer = await get(`/v1/secrets?${query}`);
    expect(answer.json?.['next']).to.equal(`${app().url}/v1/secrets?limit=10&offset=20${rest}`);
    expect(answer.json?.['previous']).to.equal(`${app().url}/v1/secrets?limit=10&offset=0${rest}`);
    expect(answer.json?.['total']).to.equal(TOTAL);
  });

  it('links lead through everything, once', async () => {
    for (const sort of ['', '&sort=name:desc', '&sort=mode', '&sort=status']) {
      const seen: string[] = [];
      let next: unknown = `${app().url}/v1/secrets?limit=7&mode=cbc${sort}`;
      while (typeof next === 'string') {
        const answer = await get(next.slice(app().url.length));
        seen.push(...namesIn(answer));
        next = answer.json?.['next'];
      }
      expect(seen).to.deep.equal(sort === '&sort=name:desc' ? [...names].reverse() : names);
    }
  });

  it('totals count what matches, not what is shown', async () => {
    const answer = await get('/v1/secrets?name=s-03&limit=1');
    expect([namesIn(answer), answer.json?.['total']]).to.deep.equal([['s-03'], 1]);
    expect((await get('/v1/secrets?name=none&offset=5')).text).to.equal('{"secrets":[],"total":0}');
  });
});

/** In order of creation; `null` is a key that is missing. */
const ROWS: readonly Record<string, unknown>[] = [
  {
    name: 'b',
    algorithm: 'rsa',
    bit_length: 2048,
    mode: 'x',
    secret_type: 'private',
    expiration: '2042-01-01',
  },
  {
    name: 'c',
    algorithm: 'aes',
    bit_length: 256,
    mode: 'y',
    secret_type: 'symmetric',
    expiration: '2041-01-01',
  },
  {
    name: 'a',
    algorithm: 'aes',
    bit_length: 128,
    mode: 'z',
    secret_type: 'symmetric',
    expiration: '2043-01-01',
  },
  { name: 'd' },
];

const ORDERS: readonly [sort: string, names: string][] = [
  ['', 'bcad'],
  ['name', 'abcd'],
  ['name:asc', 'abcd'],
  ['name:desc', 'dcba'],
  ['created', 'bcad'],
  ['created:desc', 'dacb'],
  ['updated', 'cadb'],
  ['updated:desc', 'bdac'],
  ['status', 'bcad'],
  ['algorithm', 'dcab'],
  ['algorithm:desc', 'bcad'],
  ['bit_length', 'dacb'],
  ['bit_length:desc', 'bcad'],
  ['mode', 'dbca'],
  ['mode:desc', 'acbd'],
  ['expiration', 'dcba'],
  ['expiration:desc', 'abcd'],
  ['secret_type', 'dbca'],
  ['secret_type:desc', 'cabd'],
  ['algorithm,name', 'dacb'],
  ['algorithm:asc,name:desc', 'dcab'],
  ['secret_type:desc,bit_length:asc', 'acbd'],
];

const NO_ORDERS = [
  'bogus',
  'id',
  'creator_id',
  'Name',
  'name:up',
  'name:ASC',
  'name:',
  ':asc',
  'name:asc:desc',
  'name,name',
  'name:asc,name:desc',
  'name,',
  ',',
  'name;created',
  'name desc',
];

describeDatabases('the order of GET /v1/secrets', (dialect) => {
  const app = broker(dialect);
  const as = freshProject();
  before(async () => {
    const paths: string[] = [];
    for (const body of ROWS) paths.push(await created(app(), body, { as }));
    const headers = { 'Content-Type': 'text/plain' };
    await app().request('PUT', String(paths[0]), { as, headers, body: 'updated last' });
  });
  const list = (sort: string): Promise<Answer> =>
    app().request('GET', `/v1/secrets?${new URLSearchParams({ sort }).toString()}`, { as });

  for (const [sort, names] of ORDERS) {
    it(`sort=${sort}`, async () => expect(namesIn(await list(sort)).join('')).to.equal(names));
  }
  for (const sort of NO_ORDERS) {
    it(`no order: ${sort}`, async () => expectError(await list(sort), 400, REFUSED));
  }
});

describe('page sizes of one’s own', () => {
  const app = broker(sqlite(), { limits: { default_page_size: 2, max_page_size: 3 } });
  it('are the default and the most', async () => {
    for (const name of 'abcd') await created(app(), { name });
    const count = async (query: string): Promise<number> =>
      namesIn(await app().request('GET', `/v1/secrets${query}`)).length;
    expect([await count(''), await count('?limit=3'), await count('?limit=4')]).to.deep.equal([2, 3, 3]);
  });
});

function namesIn(answer: Answer): readonly string[] {
  const secrets = answer.json?.['secrets'] as readonly { readonly name: string }[] | undefined;
  return secrets?.map(({ name }) => name) ?? [];
}
