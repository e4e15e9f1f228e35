import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { projectId } from '../../src/model/ids.ts';
import { now } from '../../src/model/timestamp.ts';
import type { Answer, RequestOptions } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { SERVICE_ADMIN } from './quotas.ts';
import { listed, TWO } from './secret-stores.ts';
import {
  broker,
  created,
  expectError,
  expectNoContent,
  freshProject,
  JSON_TYPE,
  mismatch,
  TEXT,
} from './wire.ts';

const MISSING = 'Project store not found.';
const SCHEMA = 'Project Store';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;

const wrong = (reason: string, property = 'project_store'): string => mismatch(reason, property, SCHEMA);

const REFUSED: readonly [name: string, body: unknown, description: string][] = [
  ['a list', [], wrong("[] is not of type 'object'", 'None')],
  ['null', 'null', wrong("None is not of type 'object'", 'None')],
  ['nothing in it', {}, wrong("'project_store' is a required property", 'None')],
  ['a name for the object', { project_store: 'annexe' }, wrong("'annexe' is not of type 'object'")],
  ['no name', { project_store: {} }, wrong("'store' is a required property")],
  ['null for the name', { project_store: { store: null } }, wrong("None is not of type 'string'")],
  ['an empty name', { project_store: { store: '' } }, wrong("'' should be non-empty")],
  ['a name of nothing but space', { project_store: { store: ' ' } }, wrong("'' should be non-empty")],
  [
    'a name of 256 characters',
    { project_store: { store: 'x'.repeat(256) } },
    wrong(`'${'x'.repeat(256)}' is too long`),
  ],
  [
    'another property',
    { project_store: { store: 'annexe', kind: 'pkcs11' } },
    wrong("Additional properties are not allowed ('kind' was unexpected)"),
  ],
  [
    'another property beside it',
    { project_store: { store: 'annexe' }, foo: 1 },
    wrong("Additional properties are not allowed ('foo' was unexpected)", 'None'),
  ],
  ['no JSON', '{"project_store": ', 'Malformed JSON'],
  ['an empty body', '', 'Project Stores issue seen - No data supplied to process..'],
  ...['gone', 'ANNEXE', '__proto__', 'a\0b', "it's"].map((name): (typeof REFUSED)[number] => [
    `the store ${JSON.stringify(name)}, which there is not`,
    { project_store: { store: name } },
    `No store named '${name}' is configured. Configured: annexe, software.`,
  ]),
];

/** Ids of projects, as a path spells them: any text is one. */
const PROJECTS: readonly [spelled: string, id: string][] = [
  ['b7f2a30e6d4b4c6a8f0d8a6b0e2f4c11', 'b7f2a30e6d4b4c6a8f0d8a6b0e2f4c11'],
  ['a%2Fb', 'a/b'],
  ['a%20b%25', 'a b%'],
  ['%D0%BA%D0%BB%D1%8E%D1%87', 'ключ'],
  ["a'b", "a'b"],
  ['__proto__', '__proto__'],
  ['x'.repeat(255), 'x'.repeat(255)],
];

describeDatabases('the store of a project', (dialect) => {
  const app = broker(dialect, TWO);
  const ask = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
    app().request(method, path, { as: SERVICE_ADMIN, ...options });
  const put = (project: string, store: string): Promise<Answer> =>
    ask('PUT', `/v1/project-stores/${project}`, { body: { project_store: { store } } });
  const get = (project: string): Promise<Answer> => ask('GET', `/v1/project-stores/${project}`);
  const storeOf = async (project: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await get(project);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers['content-type']).to.equal(JSON_TYPE);
    expect(Object.keys(answer.json ?? {})).to.deep.equal(['project_store']);
    return answer.json?.['project_store'] as Readonly<Record<string, unknown>>;
  };

  it('is none in the beginning', async () => {
    expectError(await get(randomUUID()), 404, MISSING);
  });

  it('is set, shown and replaced', async () => {
    const project = randomUUID();
    const refs = Object.fromEntries((await listed(app())).map((one) => [one.name, one.secret_store_ref]));
    expectNoContent(await put(project, 'annexe'));
    const first = await storeOf(project);
    expect(Object.keys(first)).to.deep.equal([
      'project_id',
      'store',
      'secret_store_ref',
      'created',
      'updated',
      'secrets',
    ]);
    expect(first).to.deep.include({ project_id: project, store: 'annexe', secrets: {} });
    expect(first['secret_store_ref']).to.equal(refs['annexe']);
    expect(first['created']).to.match(TIME).and.to.equal(first['updated']);
    expectNoContent(await put(project, 'software'));
    const second = await storeOf(project);
    expect(second).to.deep.include({ store: 'software', secret_store_ref: refs['software'] });
    expect(second['created']).to.equal(first['created']);
    expect(second['updated']).to.not.equal(first['updated']);
  });

  for (const [name, body, description] of REFUSED) {
    it(`is not ${name}`, async () => {
      const project = randomUUID();
      const headers = { 'Content-Type': JSON_TYPE };
      const answer = await ask('PUT', `/v1/project-stores/${project}`, { body, headers });
      expectError(answer, 400, description);
      expectError(await get(project), 404, MISSING);
    });
  }

  it('is sent as JSON', async () => {
    const path = `/v1/project-stores/${randomUUID()}`;
    const why = "Unexpected content type. Expected content types are: ['application/json']";
    for (const options of [{ body: '{}', headers: { 'Content-Type': 'text/plain' } }, { body: '' }, {}]) {
      expectError(await ask('PUT', path, options), 415, why);
    }
    const body = { project_store: { store: 'annexe' }, padding: 'x'.repeat(30_000) };
    expectError(await ask('PUT', path, { body }), 413, 'Provided information too large to process');
  });

  it('is removed once', async () => {
    const project = randomUUID();
    await put(project, 'annexe');
    expectNoContent(await ask('DELETE', `/v1/project-stores/${project}`));
    expectError(await get(project), 404, MISSING);
    expectError(await ask('DELETE', `/v1/project-stores/${project}`), 404, MISSING);
  });

  it('takes the next secret, and counts the secrets where they are', async () => {
    const as = freshProject();
    const before = await created(app(), TEXT, { as });
    await put(as.project, 'annexe');
    expect(await storeOf(as.project)).to.deep.include({ secrets: { software: 1 } });
    for (let n = 0; n < 2; n += 1) await created(app(), TEXT, { as });
    await created(app(), {}, { as });
    expect(await storeOf(as.project)).to.deep.include({ secrets: { annexe: 2, software: 1 } });
    expectNoContent(await app().request('DELETE', before, { as }));
    expect(await storeOf(as.project)).to.deep.include({ secrets: { annexe: 2 } });
    await ask('DELETE', `/v1/project-stores/${as.project}`);
    await created(app(), TEXT, { as });
    await put(as.project, 'software');
    expect(await storeOf(as.project)).to.deep.include({ secrets: { annexe: 2, software: 1 } });
  });

  it('is what the project sees as its preferred store, and the other way round', async () => {
    const as = { ...freshProject(), roles: ['admin'] };
    await put(as.project, 'annexe');
    const seen = await app().request('GET', '/v1/secret-stores/preferred', { as });
    expect(seen.json?.['name']).to.equal('annexe');
    const [annexe, software] = await listed(app());
    const preferred = (ref: string | undefined): string => `${new URL(String(ref)).pathname}/preferred`;
    expectNoContent(await app().request('POST', preferred(software?.secret_store_ref), { as }));
    expect(await storeOf(as.project)).to.deep.include({ store: 'software' });
    expectNoContent(await app().request('DELETE', preferred(software?.secret_store_ref), { as }));
    expectError(await get(as.project), 404, MISSING);
    expect((await app().request('DELETE', preferred(annexe?.secret_store_ref), { as })).status).to.equal(404);
  });

  it('is one of many puts at once', async () => {
    const project = randomUUID();
    const names = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 'annexe' : 'software'));
    for (const answer of await Promise.all(names.map((name) => put(project, name)))) expectNoContent(answer);
    expect((await storeOf(project))['store']).to.be.oneOf(['annexe', 'software']);
  });

  it('is shown without a reference when only other processes have it', async () => {
    const project = randomUUID();
    await app().broker.services.projectStores.assign(projectId(project), 'theirs', now());
    expect(await storeOf(project)).to.deep.include({ store: 'theirs', secret_store_ref: null });
    expectNoContent(await ask('DELETE', `/v1/project-stores/${project}`));
  });

  for (const [spelled, id] of PROJECTS) {
    it(`may be of project ${id.slice(0, 40)}`, async () => {
      expectNoContent(await put(spelled, 'annexe'));
      expect(await storeOf(spelled)).to.deep.include({ project_id: id, store: 'annexe' });
      expectNoContent(await ask('DELETE', `/v1/project-stores/${spelled}`));
      expectError(await get(spelled), 404, MISSING);
    });
  }

  for (const unstorable of ['a%00b', 'x'.repeat(256)]) {
    it(`is not of ${unstorable.slice(0, 6)}, which is nobody`, async () => {
      expectError(await put(unstorable, 'annexe'), 400, '');
      expectError(await get(unstorable), 404, MISSING);
      expectError(await ask('DELETE', `/v1/project-stores/${unstorable}`), 404, MISSING);
    });
  }
});

describeDatabases('the list of the stores of projects', (dialect) => {
  const app = broker(dialect, TWO);
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    app().request(method, path, { as: SERVICE_ADMIN, ...(body === undefined ? {} : { body }) });
  const list = (query = ''): Promise<Answer> => ask('GET', `/v1/project-stores${query}`);
  const GIVEN = [
    ['z', 'annexe'],
    ['a', 'software'],
    ['m', 'annexe'],
  ] as const;
  const url = (query: string): string => `${app().url}/v1/project-stores?${query}`;
  const shown = (answer: Answer): readonly unknown[] =>
    (answer.json?.['project_stores'] as Readonly<Record<string, unknown>>[]).map((one) => [
      one['project_id'],
      one['store'],
      one['secrets'],
    ]);

  it('is empty in the beginning', async () => {
    expect((await list()).text).to.equal('{"project_stores":[],"total":0}');
  });

  describe('with three projects', () => {
    before(async () => {
      for (const [project, store] of GIVEN)
        expectNoContent(await ask('PUT', `/v1/project-stores/${project}`, { project_store: { store } }));
      const as = { user: 'u-owner', roles: ['creator'] };
      for (const project of ['z', 'z', 'm', 'elsewhere'])
        await created(app(), TEXT, { as: { ...as, project } });
    });

    it('is in the order of creation, each as it is shown alone', async () => {
      const answer = await list();
      expect(shown(answer)).to.deep.equal([
        ['z', 'annexe', { annexe: 2 }],
        ['a', 'software', {}],
        ['m', 'annexe', { annexe: 1 }],
      ]);
      expect(answer.json?.['total']).to.equal(3);
      const alone = await Promise.all(GIVEN.map(([project]) => ask('GET', `/v1/project-stores/${project}`)));
      expect(answer.json?.['project_stores']).to.deep.equal(alone.map(({ json }) => json?.['project_store']));
    });

    it('has pages, and links that lead to them', async () => {
      const first = await list('?limit=1');
      expect(shown(first)).to.deep.equal([['z', 'annexe', { annexe: 2 }]]);
      expect(first.json).to.deep.include({ next: url('limit=1&offset=1'), total: 3 });
      expect(first.json).to.not.have.property('previous');
      const second = await list(new URL(String(first.json?.['next'])).search);
      expect(shown(second)).to.deep.equal([['a', 'software', {}]]);
      expect(second.json).to.deep.include({
        previous: url('limit=1&offset=0'),
        next: url('limit=1&offset=2'),
        total: 3,
      });
      const third = await list(new URL(String(second.json?.['next'])).search);
      expect(shown(third)).to.deep.equal([['m', 'annexe', { annexe: 1 }]]);
      expect(third.json).to.not.have.property('next');
    });

    it('leads back from a page past the end', async () => {
      expect((await list('?limit=2&offset=9')).text).to.equal(
        JSON.stringify({ project_stores: [], previous: url('limit=2&offset=7'), total: 3 }),
      );
    });
  });
});
