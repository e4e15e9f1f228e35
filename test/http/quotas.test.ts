import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Answer, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { SERVICE_ADMIN } from './quotas.ts';
import { broker, expectError, expectNoContent, freshProject, JSON_TYPE, mismatch } from './wire.ts';

const MISSING = 'Project quotas not found.';
const UNSET = { secrets: null, orders: null, containers: null, consumers: null, cas: null };
const SCHEMA = 'Project Quota';

const wrong = (reason: string, property = 'project_quotas'): string => mismatch(reason, property, SCHEMA);

/** Bodies of PUT, and what is set afterwards where `secrets: 1, orders: 2` was before. */
const MERGED: readonly [name: string, quotas: object, after: object][] = [
  ['nothing', {}, { secrets: 1, orders: 2 }],
  ['one number', { cas: 5 }, { secrets: 1, orders: 2, cas: 5 }],
  ['another number', { secrets: 7 }, { secrets: 7, orders: 2 }],
  [
    'all numbers',
    { secrets: 0, orders: 1, containers: 2, consumers: 3, cas: 4 },
    { secrets: 0, orders: 1, containers: 2, consumers: 3, cas: 4 },
  ],
  ['no limit', { secrets: -1 }, { secrets: -1, orders: 2 }],
  ['another negative number', { secrets: -17 }, { secrets: -17, orders: 2 }],
  ['a large number', { secrets: 9_007_199_254_740_991 }, { secrets: 9_007_199_254_740_991, orders: 2 }],
];

const REFUSED: readonly [name: string, body: unknown, description: string][] = [
  ['a list', [], wrong("[] is not of type 'object'", 'None')],
  ['null', 'null', wrong("None is not of type 'object'", 'None')],
  ['nothing in it', {}, wrong("'project_quotas' is a required property", 'None')],
  ['a number for the object', { project_quotas: 5 }, wrong("5 is not of type 'object'")],
  ['null for the object', { project_quotas: null }, wrong("None is not of type 'object'")],
  ['a text for a number', { project_quotas: { secrets: '5' } }, wrong("'5' is not of type 'integer'")],
  ['null for a number', { project_quotas: { secrets: null } }, wrong("None is not of type 'integer'")],
  ['a truth for a number', { project_quotas: { cas: true } }, wrong("True is not of type 'integer'")],
  ['a fraction', { project_quotas: { orders: 1.5 } }, wrong("1.5 is not of type 'integer'")],
  [
    'a number that is none of ours any more',
    { project_quotas: { secrets: 9_007_199_254_740_992 } },
    wrong('9007199254740992 is greater than the maximum of 9007199254740991'),
  ],
  [
    'an unknown resource',
    { project_quotas: { keys: 5 } },
    wrong("Additional properties are not allowed ('keys' was unexpected)"),
  ],
  [
    'another property beside it',
    { project_quotas: {}, foo: 1 },
    wrong("Additional properties are not allowed ('foo' was unexpected)", 'None'),
  ],
  ['no JSON', '{"project_quotas": ', 'Malformed JSON'],
  ['nothing but space', ' ', 'Malformed JSON'],
  ['an empty body', '', 'Project Quotas issue seen - No data supplied to process..'],
];

/** Ids of projects, as a path spells them: any text is one. */
const PROJECTS: readonly [name: string, spelled: string, id: string][] = [
  ['32 hexadecimal digits', 'b7f2a30e6d4b4c6a8f0d8a6b0e2f4c11', 'b7f2a30e6d4b4c6a8f0d8a6b0e2f4c11'],
  ['a slash', 'a%2Fb', 'a/b'],
  ['a space and a percent sign', 'a%20b%25', 'a b%'],
  ['another script', '%D0%BA%D0%BB%D1%8E%D1%87', 'ключ'],
  ['what looks like a file', 'a.json', 'a.json'],
  ['a quote', "a'b", "a'b"],
  ['capitals', 'ABC', 'ABC'],
  ['a word of JavaScript', '__proto__', '__proto__'],
  ['255 characters', 'x'.repeat(255), 'x'.repeat(255)],
];

describeDatabases('quotas', (dialect) => {
  const app = broker(dialect);
  const admin = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
    app().request(method, path, { as: SERVICE_ADMIN, ...options });
  const put = (project: string, quotas: unknown): Promise<Answer> =>
    admin('PUT', `/v1/project-quotas/${project}`, { body: { project_quotas: quotas } });
  const get = (project: string): Promise<Answer> => admin('GET', `/v1/project-quotas/${project}`);
  const fresh = async (quotas: object = { secrets: 1, orders: 2 }): Promise<string> => {
    const project = randomUUID();
    expectNoContent(await put(project, quotas));
    return project;
  };

  describe('GET /v1/quotas', () => {
    it('shows no limits in the beginning', async () => {
      const answer = await app().request('GET', '/v1/quotas', { as: freshProject() });
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal(
        '{"quotas":{"secrets":-1,"orders":-1,"containers":-1,"consumers":-1,"cas":-1}}',
      );
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    });

    it('shows what is set for the project, at once and with the defaults', async () => {
      const as = freshProject();
      await put(as.project, { secrets: 10, consumers: 0 });
      const answer = await app().request('GET', '/v1/quotas', { as });
      expect(answer.json).to.deep.equal({
        quotas: { secrets: 10, orders: -1, containers: -1, consumers: 0, cas: -1 },
      });
      await admin('DELETE', `/v1/project-quotas/${as.project}`);
      const after = await app().request('GET', '/v1/quotas', { as });
      expect(after.json?.['quotas']).to.include({ secrets: -1, consumers: -1 });
    });

    it('shows a project its own', async () => {
      await fresh({ secrets: 3 });
      const answer = await app().request('GET', '/v1/quotas', { as: freshProject() });
      expect(answer.json?.['quotas']).to.include({ secrets: -1 });
    });
  });

  describe('PUT', () => {
    for (const [name, quotas, after] of MERGED) {
      it(`merges ${name}`, async () => {
        const project = await fresh();
        expectNoContent(await put(project, quotas));
        const answer = await get(project);
        expect(answer.status).to.equal(200);
        expect(answer.text).to.equal(JSON.stringify({ project_quotas: { ...UNSET, ...after } }));
        expect(answer.headers['content-type']).to.equal(JSON_TYPE);
      });
    }

    it('makes quotas without any number', async () => {
      const project = await fresh({});
      expect((await get(project)).json).to.deep.equal({ project_quotas: UNSET });
    });

    it('reads 5.0 as 5', async () => {
      const project = await fresh();
      const headers = { 'Content-Type': 'application/json; charset=utf-8' };
      const body = '{"project_quotas": {"secrets": 5.0}}';
      expectNoContent(await admin('PUT', `/v1/project-quotas/${project}/`, { body, headers }));
      expect((await get(project)).json?.['project_quotas']).to.include({ secrets: 5 });
    });

    for (const [name, body, description] of REFUSED) {
      it(`refuses ${name}`, async () => {
        const project = await fresh();
        const headers = { 'Content-Type': JSON_TYPE };
        const answer = await admin('PUT', `/v1/project-quotas/${project}`, { body, headers });
        expectError(answer, 400, description);
        expect((await get(project)).json?.['project_quotas']).to.include({ secrets: 1, orders: 2 });
      });
    }

    it('refuses what is not JSON, even if it is empty', async () => {
      const path = `/v1/project-quotas/${await fresh()}`;
      const why = "Unexpected content type. Expected content types are: ['application/json']";
      for (const options of [{ body: '{}', headers: { 'Content-Type': 'text/plain' } }, { body: '' }, {}]) {
        expectError(await admin('PUT', path, options), 415, why);
      }
    });

    it('refuses what is too long', async () => {
      const body = { project_quotas: {}, padding: 'x'.repeat(30_000) };
      const answer = await admin('PUT', `/v1/project-quotas/${randomUUID()}`, { body });
      expectError(answer, 413, 'Provided information too large to process');
    });

    it('many at once leave all numbers', async () => {
      const project = randomUUID();
      const names = ['secrets', 'orders', 'containers', 'consumers', 'cas'];
      const answers = await Promise.all(names.map((name, n) => put(project, { [name]: n })));
      expect(answers.map(({ status }) => status)).to.deep.equal([204, 204, 204, 204, 204]);
      expect((await get(project)).json).to.deep.equal({
        project_quotas: { secrets: 0, orders: 1, containers: 2, consumers: 3, cas: 4 },
      });
    });
  });

  describe('a project may be any text', () => {
    for (const [name, spelled, id] of PROJECTS) {
      it(name, async () => {
        expectNoContent(await put(spelled, { secrets: 4 }));
        expect((await get(spelled)).json?.['project_quotas']).to.include({ secrets: 4 });
        const listed = (await admin('GET', '/v1/project-quotas?limit=100')).json?.['project_quotas'];
        expect((listed as { project_id: string }[]).map((one) => one.project_id)).to.include(id);
        expectNoContent(await admin('DELETE', `/v1/project-quotas/${spelled}`));
        expectError(await get(spelled), 404, MISSING);
      });
    }

    for (const unstorable of ['a%00b', 'x'.repeat(256)]) {
      it(`but not ${unstorable.slice(0, 6)}, which is nobody's`, async () => {
        expectError(await put(unstorable, { secrets: 4 }), 400, '');
        expectError(await get(unstorable), 404, MISSING);
        expectError(await admin('DELETE', `/v1/project-quotas/${unstorable}`), 404, MISSING);
      });
    }
  });

  it('DELETE makes them unset, once', async () => {
    const project = await fresh();
    expectNoContent(await admin('DELETE', `/v1/project-quotas/${project}`));
    expectError(await get(project), 404, MISSING);
    expectError(await admin('DELETE', `/v1/project-quotas/${project}`), 404, MISSING);
  });
});

describeDatabases('the list of quotas', (dialect) => {
  const app = broker(dialect);
  const list = (query = ''): Promise<Answer> =>
    app().request('GET', `/v1/project-quotas${query}`, { as: SERVICE_ADMIN });
  const PROJECT_IDS = ['z', 'a', 'm'];
  const item = (index: number): object => ({
    project_id: PROJECT_IDS[index],
    project_quotas: { ...UNSET, secrets: index },
  });

  it('is empty in the beginning', async () => {
    expect((await list()).text).to.equal('{"project_quotas":[],"total":0}');
  });

  describe('with three projects', () => {
    before(async () => {
      for (const [index, project] of PROJECT_IDS.entries()) {
        const body = { project_quotas: { secrets: index } };
        await app().request('PUT', `/v1/project-quotas/${project}`, { as: SERVICE_ADMIN, body });
      }
    });
    const url = (query: string): string => `${app().url}/v1/project-quotas?${query}`;

    it('is in the order of creation', async () => {
      const answer = await list();
      expect(answer.text).to.equal(JSON.stringify({ project_quotas: [item(0), item(1), item(2)], total: 3 }));
      expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    });

    it('has pages, and links that lead to them', async () => {
      const first = await list('?limit=1');
      expect(first.json).to.deep.equal({
        project_quotas: [item(0)],
        next: url('limit=1&offset=1'),
        total: 3,
      });
      const next = new URL(String(first.json?.['next']));
      const second = await list(next.search);
      expect(second.json).to.deep.equal({
        project_quotas: [item(1)],
        previous: url('limit=1&offset=0'),
        next: url('limit=1&offset=2'),
        total: 3,
      });
      expect(next.pathname).to.equal('/v1/project-quotas');
    });

    it('leads back from a page past the end', async () => {
      expect((await list('?limit=2&offset=9')).text).to.equal(
        JSON.stringify({ project_quotas: [], previous: url('limit=2&offset=7'), total: 3 }),
      );
    });

    it('corrects odd limits and offsets', async () => {
      expect((await list('?limit=0')).json?.['project_quotas']).to.deep.equal([item(0)]);
      expect((await list('?limit=x&offset=-1')).json?.['project_quotas']).to.have.length(3);
    });
  });
});
