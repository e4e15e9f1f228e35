import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { decodeSealed } from '../../src/crypto/envelope.ts';
import type { KekRecord } from '../../src/model/kek.ts';
import type { RotationLevel } from '../../src/model/rotation.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now, timestampFromMillis, toMillis } from '../../src/model/timestamp.ts';
import { planRotation, rotateKeys } from '../../src/operations/keys/rotate-keys.ts';
import { openDatabase, type Database } from '../../src/repositories/database.ts';
import { createKekCountRepository } from '../../src/repositories/kek-counts.ts';
import { KEK_SETTLED_MS } from '../../src/stores/key-rotation.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aProject, aSpec, createRotator, masterKey, type Rotator, type RotatorOptions } from './rotator.ts';

/** Long ago for every clock: a rotation that began then has everything that is there before it. */
const later = () => timestampFromMillis(Date.now() + 3_600_000);

describeDatabases('a rotation of keys', (dialect) => {
  let db: TestDatabase;
  let other: Database;
  const opened: Rotator[] = [];
  before(async () => {
    db = await dialect.open();
    other = openDatabase(db.options);
  });
  afterEach(() => Promise.all(opened.splice(0).map((rotator) => rotator.close())));
  after(async () => {
    await other.knex.destroy();
    await db.close();
  });

  const open = async (options: Partial<RotatorOptions> = {}, at: Database = db): Promise<Rotator> => {
    const rotator = await createRotator(at, { masterKeys: [masterKey('root-1')], ...options });
    opened.push(rotator);
    return rotator;
  };
  const blobOf = async ({ deps }: Rotator, secret: SecretHeader): Promise<Buffer> =>
    (await deps.sealedPayloads.find(secret.id, deps.store.name))!.blob;
  const activeOf = async ({ deps }: Rotator, { projectId }: SecretHeader): Promise<KekRecord> =>
    (await deps.keks.findActive(deps.store.name, projectId))!;
  const countsOf = async ({ deps }: Rotator): Promise<Record<string, readonly [number, number]>> => {
    const counts = await createKekCountRepository(db).countAnyProjectByState(deps.store.name, 2 ** 30);
    return Object.fromEntries(counts.map(({ state, keks, payloads }) => [state, [keks, payloads]]));
  };
  /** Half of its KEKs are under each of two master keys; whoever rotates wraps by the newer. */
  const renewed = async (projects: number): Promise<Rotator> => {
    const [older, newer] = [masterKey('older'), masterKey('newer')];
    const payloads = new Map<SecretHeader, Buffer>();
    const name = `software-${randomUUID()}`;
    const first = await open({ name, masterKeys: [older], payloads });
    for (let n = 0; n < projects; n += 1) await first.seal(aProject(), 2);
    return open({ name, masterKeys: [newer, older], payloads });
  };

  describe('of master keys', () => {
    it('puts every KEK under the first, touches no payload, and finds nothing to do afterwards', async () => {
      const rotator = await renewed(3);
      const { deps } = rotator;
      await rotator.seal(aProject(), 1);
      const before = await db.knex('sealed_payloads').where({ store: deps.store.name }).orderBy('secret_id');
      expect(await planRotation(deps, aSpec(deps, 'master'))).to.deep.equal({ keks: 3, payloads: 0 });
      expect(await rotator.rotate('master')).to.deep.equal({ done: 3, skipped: 0, failed: 0 });
      expect([...(await deps.keks.countAnyProjectByRootKey(deps.store.name))]).to.deep.equal([['newer', 4]]);
      const after = await db.knex('sealed_payloads').where({ store: deps.store.name }).orderBy('secret_id');
      expect(after).to.deep.equal(before);
      expect(await rotator.damaged()).to.deep.equal([]);
      expect(await rotator.rotate('master')).to.deep.equal({ done: 0, skipped: 0, failed: 0 });
    });

    it('keeps to one project when asked', async () => {
      const rotator = await renewed(2);
      const [first] = await rotator.deps.keksInRotation.listAnyProject(
        { store: rotator.deps.store.name },
        { limit: 1 },
      );
      const counts = await rotator.rotate('master', { project: first!.projectId });
      expect(counts).to.deep.equal({ done: 1, skipped: 0, failed: 0 });
    });

    it('goes on past a KEK that does not unwrap, and names it', async () => {
      const rotator = await renewed(3);
      const [broken] = await rotator.deps.keksInRotation.listAnyProject(
        { store: rotator.deps.store.name },
        { limit: 1 },
      );
      const damaged = Buffer.from(broken!.wrapped!);
      damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
      await db.knex('keks').where({ id: broken!.id }).update({ wrapped: damaged });
      expect(await rotator.rotate('master')).to.deep.equal({ done: 2, skipped: 0, failed: 1 });
      expect(rotator.failures).to.deep.equal([`KEK ${broken!.id} of project ${broken!.projectId}`]);
    });
  });

  describe('of project keys', () => {
    it('gives each project a new one and puts all its payloads under that, their bytes untouched', async () => {
      const rotator = await open();
      const secrets = [...(await rotator.seal(aProject(), 3)), ...(await rotator.seal(aProject(), 2))];
      const before = await Promise.all(secrets.map((secret) => blobOf(rotator, secret)));
      const { deps } = rotator;
      const spec = aSpec(deps, 'project', { since: later() });
      expect(await planRotation(deps, spec)).to.deep.equal({ keks: 2, payloads: 5 });
      expect(await rotator.rotate('project', { since: now() })).to.deep.equal({
        done: 7,
        skipped: 0,
        failed: 0,
      });
      expect(await countsOf(rotator)).to.deep.equal({ active: [2, 5], retired: [2, 0] });
      for (const [index, secret] of secrets.entries()) {
        const [old, fresh] = [decodeSealed(before[index]!), decodeSealed(await blobOf(rotator, secret))];
        expect(fresh.kekId).to.equal((await activeOf(rotator, secret)).id);
        expect(fresh.ciphertext.equals(old.ciphertext)).to.equal(true);
        expect(fresh.wrappedDek.equals(old.wrappedDek)).to.equal(false);
      }
      expect(await rotator.damaged()).to.deep.equal([]);
    });

    it('waits for processes that have an old KEK at hand, and takes what they sealed meanwhile', async () => {
      const project = aProject();
      const payloads = new Map<SecretHeader, Buffer>();
      const options = { name: `software-${randomUUID()}`, masterKeys: [masterKey('root-1')], payloads };
      const behind = await open(options, other);
      await behind.seal(project, 1);
      let latecomer: SecretHeader | undefined;
      const rotator = await open({
        ...options,
        onWait: async () => {
          [latecomer] = await behind.seal(project, 1);
          expect(decodeSealed(await blobOf(rotator, latecomer!)).kekId, 'the old KEK').not.to.equal(
            (await activeOf(rotator, latecomer!)).id,
          );
        },
      });
      expect(await rotator.rotate('project')).to.deep.equal({ done: 3, skipped: 0, failed: 0 });
      expect(rotator.waits).to.have.length(1);
      expect(rotator.waits[0]).to.be.within(KEK_SETTLED_MS - 20_000, KEK_SETTLED_MS);
      expect(decodeSealed(await blobOf(rotator, latecomer!)).kekId).to.equal(
        (await activeOf(rotator, latecomer!)).id,
      );
      expect(await behind.damaged()).to.deep.equal([]);
    });

    it('makes no second version when it goes on with what was begun', async () => {
      const rotator = await open();
      const [secret] = await rotator.seal(aProject(), 2);
      const since = now();
      await rotator.rotate('project', { since });
      const { version } = await activeOf(rotator, secret!);
      expect(await rotator.rotate('project', { since })).to.deep.equal({ done: 0, skipped: 0, failed: 0 });
      expect((await activeOf(rotator, secret!)).version).to.equal(version);
    });

    it('keeps to one project when asked', async () => {
      const rotator = await open();
      const [ours] = await rotator.seal(aProject(), 1);
      const [theirs] = await rotator.seal(aProject(), 1);
      await rotator.rotate('project', { project: ours!.projectId });
      expect((await activeOf(rotator, ours!)).version).to.equal(2);
      expect((await activeOf(rotator, theirs!)).version).to.equal(1);
    });
  });

  describe('of payloads', () => {
    it('seals each once more, and those that were sealed since are left alone', async () => {
      const rotator = await open();
      const secrets = await rotator.seal(aProject(), 4);
      const before = await Promise.all(secrets.map((secret) => blobOf(rotator, secret)));
      const since = now();
      expect(await rotator.rotate('payload', { since })).to.deep.equal({ done: 4, skipped: 0, failed: 0 });
      for (const [index, secret] of secrets.entries()) {
        const [old, fresh] = [decodeSealed(before[index]!), decodeSealed(await blobOf(rotator, secret))];
        expect(fresh.iv.equals(old.iv)).to.equal(false);
        expect(fresh.ciphertext.equals(old.ciphertext)).to.equal(false);
      }
      expect(await rotator.damaged()).to.deep.equal([]);
      expect(await rotator.rotate('payload', { since })).to.deep.equal({ done: 0, skipped: 0, failed: 0 });
      const again = timestampFromMillis(toMillis(now()) + 1);
      expect(await rotator.rotate('payload', { since: again })).to.deep.equal({
        done: 4,
        skipped: 0,
        failed: 0,
      });
    });

    it('goes on past one that does not open, and names it', async () => {
      const rotator = await open();
      const [broken, ...others] = await rotator.seal(aProject(), 3);
      const damaged = await blobOf(rotator, broken!);
      damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
      await db.knex('sealed_payloads').where({ secret_id: broken!.id }).update({ blob: damaged });
      expect(await rotator.rotate('payload')).to.deep.equal({ done: others.length, skipped: 0, failed: 1 });
      expect(rotator.failures).to.deep.equal([`secret ${broken!.id} of project ${broken!.projectId}`]);
    });
  });

  for (const level of ['master', 'project', 'payload'] as const satisfies readonly RotationLevel[]) {
    it(`stops where it is told to, and another goes on (${level})`, async () => {
      const stopped = new AbortController();
      const source = await renewed(6);
      let steps = 0;
      const deps = {
        ...source.deps,
        pace: { concurrency: 2, signal: stopped.signal },
        onProgress: () => {
          steps += 1;
          if (steps === 2) stopped.abort();
        },
      };
      const spec = aSpec(deps, level);
      const first = await rotateKeys(deps, spec);
      expect(first.done).to.be.within(2, 4);
      expect(await source.damaged()).to.deep.equal([]);
      const second = await rotateKeys(source.deps, spec);
      const whole = { master: 6, project: 18, payload: 12 }[level];
      expect([first.done + second.done, second.failed]).to.deep.equal([whole, 0]);
      expect(await source.damaged()).to.deep.equal([]);
    });

    it(`is done once when two do it at once, beside reads, creates and deletes (${level})`, async () => {
      const [older, newer] = [masterKey('older'), masterKey('newer')];
      const payloads = new Map<SecretHeader, Buffer>();
      const name = `software-${randomUUID()}`;
      const source = await open({ name, masterKeys: [older], payloads });
      const projects = [aProject(), aProject(), aProject()];
      for (const project of projects) await source.seal(project, 6);
      const both = { name, masterKeys: [newer, older], payloads };
      const [one, two, beside] = [await open(both), await open(both, other), await open(both, other)];
      const state = { isDone: false };
      const busy = (async () => {
        for (let n = 0; !state.isDone || n < 5; n += 1) {
          const [created] = await beside.seal(projects[n % 3]!, 1);
          expect(await beside.damaged(), 'under way').to.deep.equal([]);
          if (n % 2 === 0) {
            payloads.delete(created!);
            await db.knex('secrets').where({ id: created!.id }).delete();
          }
        }
      })();
      const since = now();
      const counts = await Promise.all([one.rotate(level, { since }), two.rotate(level, { since })]);
      state.isDone = true;
      await busy;
      expect(counts.map(({ failed }) => failed)).to.deep.equal([0, 0]);
      expect([...one.failures, ...two.failures]).to.deep.equal([]);
      expect(await one.damaged()).to.deep.equal([]);
      if (level === 'master')
        expect([...(await one.deps.keks.countAnyProjectByRootKey(name)).keys()]).to.deep.equal(['newer']);
      if (level === 'project') {
        const { active } = await countsOf(one);
        expect(active?.[0], 'active KEKs').to.equal(3);
        const versions = await Promise.all(
          projects.map((project) => one.deps.keks.latestVersion(name, project)),
        );
        expect(versions, 'one wins').to.deep.equal([2, 2, 2]);
      }
    });
  }
});
