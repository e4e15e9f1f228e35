import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Denied } from '../../src/errors.ts';
import type { Container } from '../../src/model/container.ts';
import { containerId, projectId, type SecretId } from '../../src/model/ids.ts';
import { now, timestamp } from '../../src/model/timestamp.ts';
import { createContainerAclRepository } from '../../src/repositories/container-acls.ts';
import { createContainerConsumerRepository } from '../../src/repositories/container-consumers.ts';
import { createContainerListRepository } from '../../src/repositories/container-lists.ts';
import { createContainerMemberRepository } from '../../src/repositories/container-members.ts';
import { createContainerTargetRepository } from '../../src/repositories/container-targets.ts';
import { createContainerRepository } from '../../src/repositories/containers.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

function aContainer(changes: Partial<Container> = {}): Container {
  const at = now();
  return {
    id: containerId(randomUUID()),
    projectId: projectId(randomUUID()),
    creatorId: 'u-owner',
    name: 'c',
    type: 'generic',
    createdAt: at,
    updatedAt: at,
    ...changes,
  };
}

const field = (name: string, operator: string, value: unknown): object => ({
  type: 'field',
  field: name,
  operator,
  value,
});
const both = (...value: object[]): object => ({ type: 'compound', operator: 'and', value });
const PAGE = { equals: {}, limit: 10, offset: 0 };

describeDatabases('containers', (dialect) => {
  let db: TestDatabase;
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());

  const insert = async (changes: Partial<Container> = {}): Promise<Container> => {
    const container = aContainer(changes);
    await createContainerRepository(db).insert(container, []);
    return container;
  };
  const aSecret = async (state: 'active' | 'destroying' = 'active'): Promise<SecretId> => {
    const header = aSecretHeader();
    await insertSecretRow(db, header);
    await db.knex('secrets').where({ id: header.id }).update({ state });
    return header.id;
  };

  it('are found as they were inserted', async () => {
    const container = await insert({ creatorId: null, name: null, type: 'dsa' });
    const containers = createContainerRepository(db);
    expect(await containers.findAnyProject(container.id)).to.deep.equal(container);
    expect(await containers.findAnyProject(containerId(randomUUID()))).to.equal(undefined);
  });

  it('are removed twice as well as once, and counted once', async () => {
    const container = await insert();
    const { projectId: project } = await insert({ projectId: container.projectId });
    const containers = createContainerRepository(db);
    for (let n = 0; n < 2; n += 1) await containers.remove(container);
    const { total } = await createContainerListRepository(db).listAnyProject(
      field('project_id', 'eq', project),
      PAGE,
    );
    expect(total).to.equal(1);
  });

  it('are inserted without a member whose secret went away meanwhile', async () => {
    const [here, going] = [await aSecret(), await aSecret('destroying')];
    const gone = aSecretHeader().id;
    const container = aContainer();
    const members = [going, here, gone].map((secret, n) => ({ name: `n${n}`, secretId: secret }));
    await createContainerRepository(db).insert(container, members);
    const listed = await createContainerMemberRepository(db).listOf([container.id]);
    expect(listed.get(container.id)).to.deep.equal([{ name: 'n1', secretId: here }]);
  });

  describe('members', () => {
    it('are added once, and not to or of what is gone', async () => {
      const members = createContainerMemberRepository(db);
      const [container, secret] = [await insert(), await aSecret()];
      const member = { name: null, secretId: secret };
      expect(await members.add(container.id, member, now())).to.equal('added');
      expect(await members.add(container.id, member, now())).to.equal('present');
      expect(await members.add(container.id, { ...member, name: '' }, now())).to.equal('added');
      const gone = { name: null, secretId: aSecretHeader().id };
      expect(await members.add(container.id, gone, now())).to.equal('gone');
      const going = { name: null, secretId: await aSecret('destroying') };
      expect(await members.add(container.id, going, now())).to.equal('gone');
      expect(await members.add(aContainer().id, member, now())).to.equal('gone');
    });

    it('are told apart by container, secret and name when they are removed', async () => {
      const members = createContainerMemberRepository(db);
      const [container, other, secret] = [await insert(), await insert(), await aSecret()];
      const member = { name: 'x', secretId: secret };
      await members.add(container.id, member, now());
      expect(await members.remove(other.id, member)).to.equal(false);
      expect(await members.remove(container.id, { ...member, name: null })).to.equal(false);
      expect(await members.remove(container.id, { ...member, secretId: await aSecret() })).to.equal(false);
      expect(await members.remove(container.id, member)).to.equal(true);
      expect(await members.remove(container.id, member)).to.equal(false);
    });

    it('of no container are none', async () => {
      expect((await createContainerMemberRepository(db).listOf([])).size).to.equal(0);
      expect((await createContainerConsumerRepository(db).listOf([])).size).to.equal(0);
    });
  });

  it('that are gone take no consumer, and say nothing', async () => {
    const consumers = createContainerConsumerRepository(db);
    const { id, projectId: project } = aContainer();
    await consumers.register(id, project, { name: 'lb', url: 'u' }, now());
    expect(await consumers.find(id, { name: 'lb', url: 'u' })).to.equal(undefined);
  });

  it('show the policy their list, their members and whose consumers they have', async () => {
    const [container, secret] = [await insert(), await aSecret()];
    const mine = projectId('p-mine');
    const consumers = createContainerConsumerRepository(db);
    await consumers.register(container.id, mine, { name: 'a', url: 'u' }, now());
    await consumers.register(container.id, container.projectId, { name: 'b', url: 'u' }, now());
    await createContainerMemberRepository(db).add(container.id, { name: null, secretId: secret }, now());
    const targets = createContainerTargetRepository(db);
    const viewer = { userId: 'u-listed', projectId: mine, now: now() };
    const open = (await targets.findAnyProject(container.id, viewer))?.target;
    expect(open?.acl).to.deep.equal({ defined: false, granted: false, projectAccess: true, users: 0 });
    expect(open?.consumers).to.deep.equal({ count: 2, services: [], mine: 1 });
    expect(open?.members).to.equal(1);
    const acl = { users: ['u-listed', 'u-other'], projectAccess: false };
    await createContainerAclRepository(db).put(container.id, acl, now());
    const closed = (await targets.findAnyProject(container.id, viewer))?.target.acl;
    expect(closed).to.deep.equal({ defined: true, granted: true, projectAccess: false, users: 2 });
    const other = await targets.findAnyProject(container.id, { ...viewer, userId: 'u-x', projectId: null });
    expect([other?.target.acl.granted, other?.target.consumers.mine]).to.deep.equal([false, 0]);
    await db.knex('secrets').where({ id: secret }).update({ state: 'destroying' });
    expect((await targets.findAnyProject(container.id, viewer))?.target.members).to.equal(0);
  });

  describe('lists', () => {
    const project = projectId(randomUUID());
    const ours = field('project_id', 'eq', project);
    const total = async (filter: unknown): Promise<number> =>
      (await createContainerListRepository(db).listAnyProject(filter, PAGE)).total;
    before(async () => {
      const first = await insert({
        projectId: project,
        name: 'a',
        createdAt: timestamp('2020-01-01T00:00:00.000000'),
      });
      await insert({ projectId: project, name: 'b', creatorId: 'u-peer', type: 'rsa' });
      await insert({ projectId: project, name: null, creatorId: null });
      const acl = { users: ['u-listed'], projectAccess: false };
      await createContainerAclRepository(db).put(first.id, acl, now());
    });

    const FILTERS: readonly [what: string, filter: object, total: number][] = [
      ['the project', ours, 3],
      ['nothing', both(ours, { type: 'const', value: false }), 0],
      ['a creator', both(ours, field('creator_id', 'eq', 'u-peer')), 1],
      ['a name', both(ours, field('name', 'startswith', 'a')), 1],
      ['no name', both(ours, field('name', 'eq', null)), 1],
      ['a type', both(ours, field('type', 'in', ['rsa', 'certificate'])), 1],
      ['a time', both(ours, field('created_at', 'lt', '2021-01-01T00:00:00.000000')), 1],
      ['what is open to its project', both(ours, field('acl.read.project_access', 'eq', true)), 2],
      ['what is private', both(ours, field('acl.read.project_access', 'eq', false)), 1],
      ['what a user is listed on', both(ours, field('acl.read.users', 'contains', 'u-listed')), 1],
      ['what no user is listed on', both(ours, field('acl.read.users', 'contains', 'u-x')), 0],
    ];
    for (const [what, filter, expected] of FILTERS) {
      it(`filter by ${what}`, async () => expect(await total(filter)).to.equal(expected));
    }

    for (const filter of [
      undefined,
      null,
      both(ours, field('algorithm', 'eq', 'aes')),
      both(ours, field('store', 'eq', 's')),
      { type: 'other' },
    ]) {
      it(`show nothing for ${JSON.stringify(filter)}`, async () => {
        const refused = await total(filter).catch((error: unknown) => error);
        expect(refused).to.be.instanceOf(Denied);
      });
    }

    it('know the number of a project without counting, but for a part of it', async () => {
      const counter = { project_id: project, shard: 99, containers: 1000 };
      await db.knex('container_counts').insert(counter);
      expect(await total(ours)).to.equal(1003);
      expect(await total(both(ours))).to.equal(3);
      await db.knex('container_counts').where({ shard: 99 }).delete();
    });
  });
});
