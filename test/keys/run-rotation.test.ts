import { expect } from 'chai';
import type { RotationSpec } from '../../src/model/rotation.ts';
import { toMillis } from '../../src/model/timestamp.ts';
import {
  destroyRetiredKeks,
  findMasterKeyUse,
  untilForgotten,
} from '../../src/operations/keys/retire-keys.ts';
import { beginRotation, reportOf, runRotation, specOf } from '../../src/operations/keys/run-rotation.ts';
import { KEK_SETTLED_MS } from '../../src/stores/key-rotation.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aProject, createRotator, masterKey, type Rotator } from './rotator.ts';

const DAY_MS = 86_400_000;

describeDatabases('a rotation that is a run', (dialect) => {
  let db: TestDatabase;
  let rotator: Rotator;
  before(async () => {
    db = await dialect.open();
  });
  after(() => db.close());
  beforeEach(async () => {
    rotator = await createRotator(db, { masterKeys: [masterKey('root-1')] });
  });
  afterEach(() => rotator.close());

  const asked = (changes: Partial<RotationSpec> = {}): Omit<RotationSpec, 'since'> => ({
    store: rotator.deps.store.name,
    level: 'payload',
    from: ['root-1'],
    to: 'root-1',
    ...changes,
  });

  it('is begun, done and told of', async () => {
    await rotator.seal(aProject(), 3);
    const { run, isResumed } = await beginRotation(rotator.deps, asked());
    expect(isResumed).to.equal(false);
    expect(await runRotation(rotator.deps, run)).to.equal('done');
    const ended = (await rotator.deps.runs.find(run.id))!;
    expect(ended.state).to.equal('done');
    expect(specOf(ended)).to.deep.equal({ ...asked(), since: run.createdAt });
    expect(reportOf(ended)).to.deep.include({ done: 3, skipped: 0, failed: 0, failures: [] });
    expect(reportOf(ended).endedAt).to.be.a('string');
  });

  it('goes on with what was left, as old as it was, and adds up', async () => {
    await rotator.seal(aProject(), 4);
    const { run } = await beginRotation(rotator.deps, asked());
    const stopped = new AbortController();
    const deps = {
      ...rotator.deps,
      pace: { concurrency: 1, signal: stopped.signal },
      onProgress: () => stopped.abort(),
    };
    expect(await runRotation(deps, run)).to.equal('stopped');
    const next = await beginRotation(rotator.deps, asked());
    expect(next.isResumed).to.equal(true);
    expect(next.run.id).to.equal(run.id);
    expect(specOf(next.run).since).to.equal(specOf(run).since);
    expect(await runRotation(rotator.deps, next.run)).to.equal('done');
    const report = reportOf((await rotator.deps.runs.find(run.id))!);
    expect(report).to.deep.include({ done: 4, skipped: 0, failed: 0 });
  });

  it('is another one for another level, project or master key', async () => {
    const { run } = await beginRotation(rotator.deps, asked());
    for (const changes of [{ level: 'project' }, { project: aProject() }, { to: 'root-2' }] as const)
      expect((await beginRotation(rotator.deps, asked(changes))).run.id).not.to.equal(run.id);
    expect((await beginRotation(rotator.deps, asked())).run.id).to.equal(run.id);
  });

  it('is not gone on with a day later: keys that were new then are old now', async () => {
    const { run } = await beginRotation(rotator.deps, asked());
    rotator.skew.ms = DAY_MS;
    const next = await beginRotation(rotator.deps, asked());
    expect(next.isResumed).to.equal(false);
    expect(toMillis(specOf(next.run).since)).to.be.at.least(toMillis(run.createdAt) + DAY_MS);
    expect((await rotator.deps.runs.find(run.id))?.state).to.equal('done');
    expect((await rotator.deps.runs.find(run.id))?.report).to.include({ isGivenUp: true });
  });

  it('says what failed, and ends incomplete', async () => {
    const [broken] = await rotator.seal(aProject(), 2);
    await db
      .knex('sealed_payloads')
      .where({ secret_id: broken!.id })
      .update({ blob: Buffer.from('KBP1 and no more') });
    const { run } = await beginRotation(rotator.deps, asked());
    expect(await runRotation(rotator.deps, run)).to.equal('incomplete');
    const report = reportOf((await rotator.deps.runs.find(run.id))!);
    expect(report).to.deep.include({ done: 1, skipped: 0, failed: 1 });
    expect(report.failures[0]).to.match(new RegExp(`^secret ${broken!.id} of project .*: .*KBP1`));
  });

  describe('and keys that nothing needs', () => {
    it('are project keys without payloads, retired long enough ago', async () => {
      await rotator.seal(aProject(), 2);
      const [young] = await rotator.seal(aProject(), 1);
      await rotator.rotate('project');
      rotator.skew.ms = 0;
      expect(await destroyRetiredKeks(rotator.deps)).to.deep.equal({ destroyed: 0, needed: 0, young: 2 });
      rotator.skew.ms = KEK_SETTLED_MS + 1_000;
      const held = await rotator.deps.keksInRotation.listAnyProject(
        { store: rotator.deps.store.name, project: young!.projectId, state: 'retired' },
        { limit: 1 },
      );
      await db.knex('sealed_payloads').where({ secret_id: young!.id }).update({ kek_id: held[0]!.id });
      expect(await destroyRetiredKeks(rotator.deps)).to.deep.equal({
        destroyed: 1,
        needed: 1,
        young: 0,
      });
    });

    it('are master keys under which there is no project key', async () => {
      await rotator.seal(aProject(), 1);
      expect(await findMasterKeyUse(rotator.deps, 'root-1')).to.deep.equal({ keks: 1, payloads: 0 });
      expect(await findMasterKeyUse(rotator.deps, 'root-0')).to.deep.equal({ keks: 0, payloads: 0 });
    });

    it('may still be at hand somewhere for a while after the last was wrapped again', async () => {
      expect(await untilForgotten(rotator.deps)).to.equal(0);
      const [secret] = await rotator.seal(aProject(), 1);
      const { deps } = rotator;
      const kek = (await deps.keks.findActive(deps.store.name, secret!.projectId))!;
      const again = { rootKey: 'root-1', wrapped: kek.wrapped! };
      await deps.keksInRotation.replaceWrapped(kek, again, deps.clock());
      expect(await untilForgotten(deps)).to.be.within(KEK_SETTLED_MS - 5_000, KEK_SETTLED_MS);
      rotator.skew.ms = KEK_SETTLED_MS;
      expect(await untilForgotten(deps)).to.equal(0);
    });
  });
});
