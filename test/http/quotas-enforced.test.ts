import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { projectId } from '../../src/model/ids.ts';
import { now, timestampFromMillis, toMillis } from '../../src/model/timestamp.ts';
import { createQuotaReservationRepository } from '../../src/repositories/quota-reservations.ts';
import type { Answer, Persona, TestApp } from '../helpers/app.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { reached, SERVICE_ADMIN, setQuota } from './quotas.ts';
import { broker, created, denied, expectError, freshProject, mismatch, READER, TEXT } from './wire.ts';

/** What is counted: the resource whose number it is held against, the name of making one, and how to. */
interface Counted {
  readonly resource: string;
  readonly operation: string;
  readonly status: number;
  /** What has to be there first, by somebody whom no quota holds back; the path to post to. */
  readonly prepare: (app: TestApp, as: Persona) => Promise<string>;
  /** The body of the n-th. */
  readonly body: (n: number) => object;
  /** Removes one, so that there is room again. */
  readonly remove: (app: TestApp, as: Persona, answer: Answer, path: string, body: object) => Promise<Answer>;
}

const refOf = (answer: Answer, name: string): string => new URL(String(answer.json?.[name])).pathname;
const owner = (as: Persona): Persona => ({ ...as, roles: ['admin'] });

const COUNTED: readonly (readonly [name: string, Counted])[] = [
  [
    'secrets',
    {
      resource: 'secrets',
      operation: 'Secret creation',
      status: 201,
      prepare: () => Promise.resolve('/v1/secrets'),
      body: (n) => ({ ...TEXT, name: `n-${n}` }),
      remove: (app, as, answer) => app.request('DELETE', refOf(answer, 'secret_ref'), { as: owner(as) }),
    },
  ],
  [
    'secrets without payload',
    {
      resource: 'secrets',
      operation: 'Secret creation',
      status: 201,
      prepare: () => Promise.resolve('/v1/secrets'),
      body: (n) => ({ name: `n-${n}` }),
      remove: (app, as, answer) => app.request('DELETE', refOf(answer, 'secret_ref'), { as: owner(as) }),
    },
  ],
  [
    'containers',
    {
      resource: 'containers',
      operation: 'Container creation',
      status: 201,
      prepare: () => Promise.resolve('/v1/containers'),
      body: (n) => ({ type: 'generic', name: `n-${n}` }),
      remove: (app, as, answer) => app.request('DELETE', refOf(answer, 'container_ref'), { as: owner(as) }),
    },
  ],
  [
    'orders',
    {
      resource: 'orders',
      operation: 'Order creation',
      status: 202,
      prepare: () => Promise.resolve('/v1/orders'),
      body: (n) => ({ type: 'key', meta: { algorithm: 'aes', bit_length: 128, name: `n-${n}` } }),
      remove: (app, as, answer) => app.request('DELETE', refOf(answer, 'order_ref'), { as: owner(as) }),
    },
  ],
  [
    'consumers of secrets',
    {
      resource: 'consumers',
      operation: 'SecretConsumer creation',
      status: 200,
      prepare: async (app, as) => `${await created(app, {}, { as })}/consumers`,
      body: (n) => ({ service: 'glance', resource_type: 'image', resource_id: `r-${n}` }),
      remove: (app, as, _answer, path, body) => app.request('DELETE', path, { as: owner(as), body }),
    },
  ],
  [
    'consumers of containers',
    {
      resource: 'consumers',
      operation: 'ContainerConsumer creation',
      status: 200,
      prepare: async (app, as) => {
        const made = await app.request('POST', '/v1/containers', { as, body: { type: 'generic' } });
        return `${refOf(made, 'container_ref')}/consumers`;
      },
      body: (n) => ({ name: `n-${n}`, URL: 'http://x' }),
      remove: (app, as, _answer, path, body) => app.request('DELETE', path, { as: owner(as), body }),
    },
  ],
];

const statuses = (answers: readonly Answer[]): readonly number[] =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

describeDatabases('a quota that is reached', (dialect) => {
  const app = broker(dialect);

  for (const [name, { resource, operation, status, prepare, body, remove }] of COUNTED) {
    describe(name, () => {
      const post = (path: string, as: Persona, n: number): Promise<Answer> =>
        app().request('POST', path, { as, body: body(n) });

      it('refuses the next, and takes one again when one is gone', async () => {
        const as = freshProject();
        const path = await prepare(app(), as);
        await setQuota(app(), as, { [resource]: 2 });
        const first = await post(path, as, 1);
        expect(statuses([first, await post(path, as, 2)])).to.deep.equal([status, status]);
        expectError(await post(path, as, 3), 403, reached(operation));
        await remove(app(), as, first, path, body(1));
        expect((await post(path, as, 4)).status).to.equal(status);
        expectError(await post(path, as, 5), 403, reached(operation));
      });

      it('allows exactly as many of many at once', async () => {
        const as = freshProject();
        const path = await prepare(app(), as);
        await setQuota(app(), as, { [resource]: 5 });
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(path, as, n)));
        const expected = [...Array<number>(5).fill(status), ...Array<number>(15).fill(403)];
        expect(statuses(answers)).to.deep.equal(expected);
        for (const answer of answers.filter((one) => one.status === 403)) {
          expectError(answer, 403, reached(operation));
        }
      });

      it('of none allows none, and lifted allows again', async () => {
        const as = freshProject();
        const path = await prepare(app(), as);
        await setQuota(app(), as, { [resource]: 0 });
        expectError(await post(path, as, 1), 403, reached(operation));
        await setQuota(app(), as, { [resource]: -1 });
        expect((await post(path, as, 1)).status).to.equal(status);
      });

      it('holds back one project and no other', async () => {
        const [as, other] = [freshProject(), freshProject()];
        const path = await prepare(app(), other);
        await setQuota(app(), as, { [resource]: 0 });
        expect((await post(path, other, 1)).status).to.equal(status);
      });

      it('is asked after the body has been read', async () => {
        const as = freshProject();
        const path = await prepare(app(), as);
        await setQuota(app(), as, { [resource]: 0 });
        expect((await app().request('POST', path, { as, body: [] })).status).to.equal(400);
        expect((await app().request('POST', path, { as, body: 'x' })).status).to.equal(415);
      });

      it('leaves nothing reserved, whatever came of it', async () => {
        const as = freshProject();
        const path = await prepare(app(), as);
        await setQuota(app(), as, { [resource]: 1 });
        await post(path, as, 1);
        await post(path, as, 2);
        const left = (await app()
          .broker.database.knex('quota_reservations')
          .where({ project_id: as.project })) as unknown[];
        expect(left).to.deep.equal([]);
      });
    });
  }

  it('counts consumers of secrets and of containers apart', async () => {
    const as = freshProject();
    const [secrets, containers] = COUNTED.filter(([, { resource }]) => resource === 'consumers');
    const paths = [await secrets?.[1].prepare(app(), as), await containers?.[1].prepare(app(), as)];
    await setQuota(app(), as, { consumers: 1 });
    for (const expected of [200, 403]) {
      for (const [index, path] of paths.entries()) {
        const body = [secrets, containers][index]?.[1].body(expected);
        const answer = await app().request('POST', path ?? '', { as, body });
        expect(answer.status, answer.text).to.equal(expected);
      }
    }
  });

  it('refuses even a consumer that is registered already', async () => {
    const as = freshProject();
    const path = `${await created(app(), {}, { as })}/consumers`;
    await setQuota(app(), as, { consumers: 1 });
    const body = { service: 's', resource_type: 't', resource_id: 'r' };
    expect((await app().request('POST', path, { as, body })).status).to.equal(200);
    expectError(await app().request('POST', path, { as, body }), 403, reached('SecretConsumer creation'));
  });

  it('does not count secrets that have expired', async () => {
    const as = freshProject();
    await setQuota(app(), as, { secrets: 1 });
    const path = await created(app(), TEXT, { as });
    const past = timestampFromMillis(Date.now() - 1000);
    await app()
      .broker.database.knex('secrets')
      .where({ id: path.split('/').at(-1) })
      .update({ expires_at: past });
    await created(app(), TEXT, { as });
    expect((await app().request('POST', '/v1/secrets', { as, body: TEXT })).status).to.equal(403);
  });

  it('comes before the members of a container are looked for, and after the rules of its type', async () => {
    const as = freshProject();
    await setQuota(app(), as, { containers: 0 });
    const ref = `${app().url}/v1/secrets/${randomUUID()}`;
    const ask = (body: object): Promise<Answer> => app().request('POST', '/v1/containers', { as, body });
    expectError(
      await ask({ type: 'generic', secret_refs: [{ secret_ref: ref }] }),
      403,
      reached('Container creation'),
    );
    const twice = await ask({ type: 'generic', secret_refs: [{ secret_ref: ref }, { secret_ref: ref }] });
    expectError(
      twice,
      400,
      mismatch('Duplicate reference names are not allowed', 'secret_refs', 'Container'),
    );
  });

  it('is nothing to whoever may not create', async () => {
    await setQuota(app(), READER, { secrets: 0 });
    const answer = await app().request('POST', '/v1/secrets', { as: READER, body: {} });
    expectError(answer, 403, denied('Secret creation'));
    const path = `/v1/project-quotas/${READER.project}`;
    await app().request('DELETE', path, { as: SERVICE_ADMIN });
  });

  it('gives back the place of a creation that fails', async () => {
    const as = freshProject();
    await setQuota(app(), as, { secrets: 1 });
    const wrapped = { ...TEXT, transport_key_id: randomUUID() };
    for (let n = 0; n < 3; n += 1) {
      expect((await app().request('POST', '/v1/secrets', { as, body: wrapped })).status).to.equal(400);
    }
    await created(app(), TEXT, { as });
  });

  it('counts a secret once while its place is still reserved', async () => {
    const as = freshProject();
    const reservations = createQuotaReservationRepository(app().broker.database);
    const reserve = (id: string): Promise<boolean> =>
      reservations.reserve({ id, projectId: projectId(as.project), kind: 'secrets' }, 2, now());
    const path = await created(app(), TEXT, { as });
    expect(await reserve(path.split('/').at(-1) ?? '')).to.equal(true);
    expect(await reserve(randomUUID())).to.equal(true);
    expect(await reserve(randomUUID())).to.equal(false);
  });

  it('counts what a crash left reserved until its time is up', async () => {
    const project = projectId(randomUUID());
    const reservations = createQuotaReservationRepository(app().broker.database);
    const reserve = (at: ReturnType<typeof now>): Promise<boolean> =>
      reservations.reserve({ id: randomUUID(), projectId: project, kind: 'secrets' }, 1, at);
    const start = now();
    expect(await reserve(start)).to.equal(true);
    expect(await reserve(timestampFromMillis(toMillis(start) + 60_000))).to.equal(false);
    expect(await reserve(timestampFromMillis(toMillis(start) + 121_000))).to.equal(true);
  });
});
