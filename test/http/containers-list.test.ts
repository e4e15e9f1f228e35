import { expect } from 'chai';
import type { Answer, TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { aContainer, refOf, shown } from './containers-objects.ts';
import { broker, created, denied, expectError, freshProject, JSON_TYPE, NOBODY } from './wire.ts';

const TOTAL = 13;

/** The query, the page it gives (first number, how many), and the pages it links to. */
const PAGES: readonly [
  query: string,
  first: number,
  count: number,
  previous: string | undefined,
  next: string | undefined,
][] = [
  ['', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=10', 10, 3, 'limit=10&offset=0', undefined],
  ['limit=5&offset=5', 5, 5, 'limit=5&offset=0', 'limit=5&offset=10'],
  ['limit=3&offset=10', 10, 3, 'limit=3&offset=7', undefined],
  ['limit=0', 0, 1, undefined, 'limit=1&offset=1'],
  ['limit=101&offset=1', 1, 12, 'limit=100&offset=0', undefined],
  ['limit=x&offset=-1', 0, 10, undefined, 'limit=10&offset=10'],
  ['offset=13', 13, 0, undefined, undefined],
  ['offset=9223372036854775807', 13, 0, undefined, undefined],
  ['foo=a+b&limit=5&offset=5', 5, 5, 'limit=5&offset=0&foo=a+b', 'limit=5&offset=10&foo=a+b'],
  ['type=generic&limit=12', 0, 12, undefined, 'limit=12&offset=12&type=generic'],
];

/** Filters, and which of the containers below they leave, by name. */
const FILTERS: readonly [query: string, names: readonly (string | null)[]][] = [
  ['', ['a', 'b', 'a', null, '', 'A%']],
  ['name=a', ['a', 'a']],
  ['name=b', ['b']],
  ['name=A%25', ['A%']],
  ['name=a%25', []],
  ['name=%25', []],
  ['name=', ['a', 'b', 'a', null, '', 'A%']],
  ['type=rsa', ['b']],
  ['type=certificate', ['a', 'A%']],
  ['type=dsa', []],
  ['type=RSA', []],
  ['type=', ['a', 'b', 'a', null, '', 'A%']],
  ['name=a&type=generic', ['a']],
  ['name=b&name=a', ['a', 'a']],
  ['?&name=b', ['b']],
];
const FILTERED = [
  { name: 'a', type: 'generic' },
  { name: 'b', type: 'rsa' },
  { name: 'a', type: 'certificate' },
  { type: 'generic' },
  { name: '', type: 'generic' },
  { name: 'A%', type: 'certificate' },
];

const namesIn = (answer: Answer): readonly (string | null)[] =>
  (answer.json?.['containers'] as { name: string | null }[]).map(({ name }) => name);

describeDatabases('GET /v1/containers', (dialect) => {
  const app = broker(dialect);

  describe('pages', () => {
    const as = freshProject();
    const names = Array.from({ length: TOTAL }, (_, n) => `c-${n}`);
    before(async () => {
      for (const name of names) await aContainer(app(), { name }, as);
    });
    for (const [query, first, count, previous, next] of PAGES) {
      it(`?${query}`, async () => {
        const answer = await app().request('GET', `/v1/containers?${query}`, { as });
        expect(answer.status, answer.text).to.equal(200);
        expect(namesIn(answer)).to.deep.equal(names.slice(first, first + count));
        const url = `${app().url}/v1/containers`;
        expect(answer.text.slice(answer.text.lastIndexOf('],') + 2)).to.equal(
          JSON.stringify({
            ...(previous === undefined ? {} : { previous: `${url}?${previous}` }),
            ...(next === undefined ? {} : { next: `${url}?${next}` }),
            total: TOTAL,
          }).slice(1),
        );
      });
    }
  });

  describe('filters', () => {
    const as = freshProject();
    before(async () => {
      for (const body of FILTERED) await aContainer(app(), body, as);
    });
    for (const [query, names] of FILTERS) {
      it(`?${query}`, async () => {
        const answer = await app().request('GET', `/v1/containers?${query}`, { as });
        expect([namesIn(answer), answer.json?.['total']]).to.deep.equal([names, names.length]);
      });
    }

    it('refuses what no name can be', async () => {
      const answer = await app().request('GET', '/v1/containers?name=%00', { as });
      expectError(answer, 400, 'URI provided invalid query string parameters.');
    });
  });

  it('is empty for a project without containers', async () => {
    const answer = await app().request('GET', '/v1/containers', { as: freshProject() });
    expect(answer.text).to.equal('{"containers":[],"total":0}');
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
  });

  it('shows each as its own path does, private ones too, and none of other projects', async () => {
    const as = freshProject();
    const secret = await created(app(), {}, { as });
    const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
    const one = await aContainer(app(), { name: 'one', secret_refs: refs }, as);
    const two = await aContainer(app(), { name: 'two', secret_refs: refs }, as);
    const body = { read: { 'project-access': false } };
    expect((await app().request('PUT', `${two}/acl`, { body, as })).status).to.equal(200);
    const consumer = { name: 'lb', URL: 'u' };
    await app().request('POST', `${two}/consumers`, { body: consumer, as });
    const answer = await app().request('GET', '/v1/containers', { as: { ...as, user: 'u-peer' } });
    const shownAlone = [await shown(app(), one, as), await shown(app(), two, as)];
    expect(answer.json?.['containers']).to.deep.equal(shownAlone);
    expect((await app().request('GET', '/v1/containers', { as: freshProject() })).json?.['total']).to.equal(
      0,
    );
  });

  it('counts what was made and what was taken away', async () => {
    const as = freshProject();
    const total = async (): Promise<unknown> =>
      (await app().request('GET', '/v1/containers', { as })).json?.['total'];
    const paths = [];
    for (let n = 0; n < 4; n += 1) paths.push(await aContainer(app(), {}, as));
    expect(await total()).to.equal(4);
    for (const path of paths.slice(1)) await app().request('DELETE', path, { as });
    expect(await total()).to.equal(1);
  });

  it('asks as much of the database for a full page as for one container, and never counts rows', async () => {
    const as = freshProject();
    const secret = await created(app(), {}, { as });
    const refs = [{ name: 'x', secret_ref: refOf(app(), secret) }];
    const containers = [];
    for (let n = 0; n < 20; n += 1) containers.push(await aContainer(app(), { secret_refs: refs }, as));
    const body = { name: 'lb', URL: 'u' };
    for (const path of containers) await app().request('POST', `${path}/consumers`, { body, as });
    const one = await statements(app(), () => app().request('GET', '/v1/containers?limit=1', { as }));
    const all = await statements(app(), () => app().request('GET', '/v1/containers?limit=20', { as }));
    expect(all.length).to.equal(one.length);
    expect(all.filter((sql) => sql.includes('container_secrets'))).to.have.length(1);
    expect(all.filter((sql) => sql.includes('container_consumers'))).to.have.length(1);
    expect(all.filter((sql) => /count\(/i.test(sql))).to.deep.equal([]);
  });

  it('is for those who may list, and answers JSON', async () => {
    expectError(
      await app().request('GET', '/v1/containers', { as: NOBODY }),
      403,
      denied('Containers(s) retrieval'),
    );
    const headers = { Accept: 'text/plain' };
    expectError(await app().request('GET', '/v1/containers', { headers, as: NOBODY }), 406, null);
    const project = { ...freshProject(), roles: ['observer'] };
    expect((await app().request('GET', '/v1/containers', { as: project })).status).to.equal(200);
  });
});

/** What the query builder sends to the database meanwhile. */
async function statements(
  { broker: { database } }: TestApp,
  work: () => Promise<Answer>,
): Promise<readonly string[]> {
  const seen: string[] = [];
  const listen = ({ sql }: { readonly sql: string }): unknown => seen.push(sql);
  database.knex.on('query', listen);
  const answer = await work();
  database.knex.off('query', listen);
  expect(answer.status, answer.text).to.equal(200);
  return seen;
}
