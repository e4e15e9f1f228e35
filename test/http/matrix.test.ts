import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { projectId, secretId, type SecretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { createEmptySecret, createSecret } from '../../src/operations/secrets/create-secret.ts';
import type { Acl } from '../../src/repositories/acls.ts';
import { createSecretAclRepository } from '../../src/repositories/secret-acls.ts';
import { startApp, type Answer, type RequestOptions, type TestApp } from '../helpers/app.ts';
import { databases } from '../helpers/databases.ts';
import { readMatrix, type MatrixRow } from '../helpers/matrix.ts';

/** What the original answered, request by request, for everything that exists here: played through real HTTP. */

const PROJECTS: Readonly<Record<string, string>> = { P: 'project-p', Q: 'project-q' };

const ACLS: Readonly<Record<string, Acl | undefined>> = {
  none: undefined,
  'n/a': undefined,
  shared: { projectAccess: true, users: ['acl'] },
  private: { projectAccess: false, users: [] },
  'private+user': { projectAccess: false, users: ['acl'] },
  'private+creator': { projectAccess: false, users: ['owner'] },
  // What the PATCH of the step before it leaves behind.
  'after step 2': undefined,
};

/** Rows answered otherwise on purpose. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  OPTIONS: 'OPTIONS never reaches the API: the CORS layer in front of it answers 200, there as here',
};

/** Needs a token: played against a real Keystone by the client tests. */
const needsKeystone = (row: MatrixRow): boolean => row.tier === 'authn' || row.project === '-';

const SERVED = /^\/v1\/(secrets(\/\{id\}(\/payload|\/metadata(\/\{key\})?|\/foo)?)?|unknown|)(\?.*)?$/;

/** Escalation through the ACL endpoints is a later request's doing; secure mode refuses the PATCH of step 2. */
const aclOf = (row: MatrixRow): Acl | undefined =>
  row.acl === 'after step 2' && row.mode === 'secure' ? ACLS['private'] : ACLS[row.acl];

const rows = readMatrix().filter((row) => SERVED.test(row.path) && !needsKeystone(row));

for (const mode of ['legacy', 'secure']) {
  describe(`the original's answers, ${mode} mode`, () => {
    let app: TestApp;
    before(async () => {
      const [dialect] = databases();
      if (dialect === undefined) throw new Error('no database to test with');
      app = await startApp({ dialect, config: { policy: { data: { settings: { mode } } } } });
    });
    after(() => app.close());

    it('has rows for every action that is served', () => {
      const actions = new Set(rows.filter((row) => row.mode === mode).map((row) => row.rule));
      expect([...actions].filter((action) => action !== '').sort()).to.deep.equal([
        'secret:decrypt',
        'secret:delete',
        'secret:get',
        'secret:put',
        'secret_meta:delete',
        'secret_meta:get',
        'secret_meta:post',
        'secret_meta:put',
        'secrets:get',
        'secrets:post',
      ]);
    });

    for (const row of rows.filter((one) => one.mode === mode && one.tier !== 'list')) {
      it(`${row.id}: ${row.roles} ${row.user}@${row.project} ${row.method} ${row.path} ${row.acl} ${row.variant}`, async () => {
        const answer = await play(app, row);
        if (DEVIATIONS[row.method] !== undefined) return expect(answer.status).to.equal(200);
        expect(answer.status, answer.text).to.equal(Number(row.status));
        expectError(answer, row);
      });
    }

    describe('lists', () => {
      before(async () => {
        await createTarget(app, ACLS['none'], { payload: true, projectKey: 'list' });
        await createTarget(app, ACLS['private'], { payload: true, projectKey: 'list' });
        await createTarget(app, ACLS['private+user'], {
          payload: true,
          projectKey: 'list',
          aclUser: 'list-acl',
        });
      });
      for (const row of rows.filter((one) => one.mode === mode && one.tier === 'list')) {
        it(`${row.id}: ${row.persona} ${row.variant}`, async () => {
          const path = row.variant === 'acl_only=true' ? '/v1/secrets?acl_only=true' : '/v1/secrets';
          const project = row.project === 'P' ? 'list' : 'elsewhere';
          const user = row.user === 'acl' ? 'list-acl' : `list-${row.user}`;
          const answer = await app.request('GET', path, { as: { user, project, roles: rolesOf(row) } });
          expect(answer.status).to.equal(Number(row.status));
          expectError(answer, row);
          if (row.note.startsWith('total='))
            expect(answer.json?.['total']).to.equal(Number(row.note.slice(6)));
        });
      }
    });
  });
}

const rolesOf = (row: MatrixRow): readonly string[] => (row.roles === 'none' ? [] : row.roles.split('+'));

function expectError(answer: Answer, row: MatrixRow): void {
  if (row.error === '' || row.error.startsWith('(plain-text')) return;
  const denied = row.error.startsWith('DENIED:') ? row.error.slice('DENIED:'.length) : undefined;
  const expected =
    denied === undefined
      ? row.error
      : `${denied} attempt not allowed - please review your user/project privileges`;
  expect(answer.json?.['description']).to.equal(expected);
}

interface TargetOptions {
  readonly payload: boolean;
  readonly projectKey?: string;
  readonly aclUser?: string;
}

/** A fresh secret of project P: a text with payload (or none), user metadata `k`. */
async function createTarget(app: TestApp, acl: Acl | undefined, options: TargetOptions): Promise<SecretId> {
  const { services, database } = app.broker;
  const time = now();
  const draft: Secret = {
    id: secretId(randomUUID()),
    projectId: projectId(options.projectKey ?? (PROJECTS['P'] as string)),
    creatorId: 'owner',
    name: 'target',
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiresAt: null,
    createdAt: time,
    updatedAt: time,
    state: 'active',
    store: null,
    storeRef: null,
    contentType: null,
    payloadSize: null,
    version: 1,
  };
  if (options.payload) {
    const stored: Secret = { ...draft, store: 'software', contentType: 'text/plain', payloadSize: 4 };
    await createSecret(services, stored, services.stores.default, Payload.copy(Buffer.from('text')));
  } else await createEmptySecret(services, draft);
  await services.secretMetadata.insert(draft.id, 'k', 'v');
  const users = options.aclUser === undefined ? acl?.users : [options.aclUser];
  if (acl !== undefined)
    await createSecretAclRepository(database).put(draft.id, { ...acl, users: users ?? [] }, time);
  return draft.id;
}

async function play(app: TestApp, row: MatrixRow): Promise<Answer> {
  const withPayload = !(row.rule === 'secret:put' && row.variant !== 'payload already set');
  const payload = withPayload && row.variant !== 'secret has no payload';
  const id = row.path.includes('{id}') ? await targetOf(app, row, payload) : '';
  const path = row.path.replace('{id}', id).replace('{key}', 'k') + queryOf(row);
  const roles = rolesOf(row);
  const persona = { user: row.user, project: PROJECTS[row.project] as string, roles };
  return app.request(row.method, path, {
    as: persona,
    ...bodyOf(row),
    headers: { ...bodyOf(row).headers, ...headersOf(row) },
  });
}

async function targetOf(app: TestApp, row: MatrixRow, payload: boolean): Promise<string> {
  if (row.variant === 'id is not a UUID') return 'not-a-uuid';
  if (row.variant === 'unknown id') return randomUUID();
  const id = await createTarget(app, aclOf(row), { payload });
  if (!row.variant.includes('has consumers')) return id;
  const consumer = { service: 'glance', resourceType: 'image', resourceId: randomUUID() };
  await app.broker.services.secretConsumers.register(id, projectId(PROJECTS['P'] as string), consumer, now());
  return id;
}

const POLLUTION =
  '?target.secret.read_project_access=True&read_project_access=True&project_id=project-p&read=read';

function queryOf(row: MatrixRow): string {
  if (row.variant.includes('pollute')) return POLLUTION;
  return row.variant.includes('force=true') ? '?force=true' : '';
}

function headersOf(row: MatrixRow): Readonly<Record<string, string>> {
  const named = /^(Accept|OpenStack-API-Version): (.*)$/.exec(row.variant);
  if (named !== null)
    return { [named[1] as string]: named[2] === '(empty value)' ? '' : (named[2] as string) };
  const version = /microversion (\S+);/.exec(row.variant);
  if (version !== null) return { 'OpenStack-API-Version': `key-manager ${version[1]}` };
  if (row.variant === 'OpenStack-System-Scope: all with a project')
    return { 'OpenStack-System-Scope': 'all' };
  return {};
}

const BODIES: Readonly<Record<string, (row: MatrixRow) => RequestOptions>> = {
  'secrets:post': (row) =>
    row.variant === 'malformed JSON'
      ? { body: '{"name": ', headers: { 'Content-Type': 'application/json' } }
      : { body: { name: 'new' } },
  'secret:put': (row) =>
    row.variant === 'JSON body'
      ? { body: { a: 1 } }
      : { body: 'text', headers: { 'Content-Type': 'text/plain' } },
  'secret_meta:post': () => ({ body: { key: 'fresh', value: 'v' } }),
  'secret_meta:put': (row) =>
    row.path.endsWith('{key}') ? { body: { key: 'k', value: 'w' } } : { body: { metadata: { a: 'b' } } },
};

const bodyOf = (row: MatrixRow): RequestOptions => BODIES[row.rule]?.(row) ?? {};
