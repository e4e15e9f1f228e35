import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { DatabaseUnavailable } from '../../src/errors.ts';
import { kekId, projectId } from '../../src/model/ids.ts';
import { now, timestamp } from '../../src/model/timestamp.ts';
import { openDatabase, transaction } from '../../src/repositories/database.ts';
import { createKekRepository, type KekRepository, type NewKek } from '../../src/repositories/keks.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';

function aKek(changes: Partial<NewKek> = {}): NewKek {
  return {
    id: kekId(randomUUID()),
    store: 'software',
    projectId: projectId(randomUUID()),
    version: 1,
    rootKey: 'root-1',
    wrapped: randomBytes(77),
    createdAt: now(),
    ...changes,
  };
}

describeDatabases('keks', (dialect) => {
  let db: TestDatabase;
  let keks: KekRepository;
  before(async () => {
    db = await dialect.open();
    keks = createKekRepository(db);
  });
  after(() => db.close());

  it('finds what was inserted, whole, by project and by id', async () => {
    const kek = aKek();
    const { wrapped, ...rest } = kek;
    const inserted = await keks.insertActive(kek);
    expect(inserted).to.deep.equal({
      ...rest,
      wrapped,
      state: 'active',
      uses: 0,
      retiredAt: null,
      destroyedAt: null,
    });
    expect(await keks.findActive(kek.store, kek.projectId)).to.deep.equal(inserted);
    expect(await keks.findAnyProject(kek.id)).to.deep.equal(inserted);
  });

  it('has none for another project, another store, another id', async () => {
    const { id, store, projectId: project } = aKek();
    await keks.insertActive(aKek({ store, projectId: project }));
    expect(await keks.findActive(store, projectId('nobody'))).to.equal(undefined);
    expect(await keks.findActive('elsewhere', project)).to.equal(undefined);
    expect(await keks.findAnyProject(id)).to.equal(undefined);
  });

  it('lets the first of two active KEKs win, and tells both who it is', async () => {
    const first = aKek();
    const second = aKek({ projectId: first.projectId });
    expect((await keks.insertActive(first))?.id).to.equal(first.id);
    expect((await keks.insertActive(second))?.id).to.equal(first.id);
    expect((await keks.insertActive({ ...second, version: 2 }))?.id).to.equal(first.id);
    expect(await keks.findAnyProject(second.id)).to.equal(undefined);
  });

  it('lets one of many at once win', async () => {
    const project = projectId(randomUUID());
    const winners = await Promise.all(
      Array.from({ length: 8 }, () => keks.insertActive(aKek({ projectId: project }))),
    );
    expect(new Set(winners.map((winner) => winner?.id)).size).to.equal(1);
  });

  it('keeps an active KEK beside retired ones', async () => {
    const old = aKek();
    await keks.insertActive(old);
    const retiredAt = now();
    await db.knex('keks').where({ id: old.id }).update({ state: 'retired', retired_at: retiredAt });
    expect(await keks.findActive(old.store, old.projectId)).to.equal(undefined);
    expect(await keks.latestVersion(old.store, old.projectId)).to.equal(1);
    const fresh = aKek({ projectId: old.projectId, version: 2 });
    expect((await keks.insertActive(fresh))?.id).to.equal(fresh.id);
    expect(await keks.findAnyProject(old.id)).to.include({ state: 'retired', retiredAt });
    expect(await keks.latestVersion(old.store, old.projectId)).to.equal(2);
  });

  it('knows no version of a project without KEKs', async () => {
    expect(await keks.latestVersion('software', projectId('nobody'))).to.equal(0);
  });

  it('has no active KEK after a version that is taken', async () => {
    const old = aKek();
    await keks.insertActive(old);
    await db.knex('keks').where({ id: old.id }).update({ state: 'retired' });
    expect(await keks.insertActive(aKek({ projectId: old.projectId }))).to.equal(undefined);
  });

  it('counts the KEKs that need each root key, and shows one of them', async () => {
    const store = randomUUID();
    const gone = aKek({ store, rootKey: 'gone' });
    const all = [aKek({ store }), aKek({ store }), aKek({ store, rootKey: 'root-2' }), gone];
    for (const kek of all) await keks.insertActive(kek);
    await db.knex('keks').where({ id: gone.id }).update({ state: 'destroyed', wrapped: null });
    expect([...(await keks.countAnyProjectByRootKey(store))].sort()).to.deep.equal([
      ['root-1', 2],
      ['root-2', 1],
    ]);
    expect((await keks.findAnyProjectWrappedBy(store, 'root-2'))?.id).to.equal(all[2]?.id);
    expect(await keks.findAnyProjectWrappedBy(store, 'gone')).to.equal(undefined);
    expect(await keks.findAnyProject(gone.id)).to.include({ wrapped: null });
  });

  it('adds uses up, beyond 32 bits', async () => {
    const kek = aKek();
    await keks.insertActive(kek);
    await Promise.all([1, 2, 3].map((uses) => keks.addUses(kek.id, uses)));
    await keks.addUses(kek.id, 2 ** 33);
    expect((await keks.findAnyProject(kek.id))?.uses).to.equal(2 ** 33 + 6);
  });

  it('works within a transaction, and is undone with it', async () => {
    const kek = aKek();
    const failed = transaction(db, async (tx) => {
      const inside = createKekRepository(tx);
      await inside.insertActive(kek);
      // A conflict must not spoil the transaction: what follows still works.
      expect((await inside.insertActive(aKek({ projectId: kek.projectId })))?.id).to.equal(kek.id);
      throw new Error('undo');
    });
    expect(await failed.catch((error: unknown) => (error as Error).message)).to.equal('undo');
    expect(await keks.findAnyProject(kek.id)).to.equal(undefined);
  });

  it('compares ids and names byte by byte', async () => {
    const kek = aKek({ store: 'Software' });
    await keks.insertActive(kek);
    expect(await keks.findActive('software', kek.projectId)).to.equal(undefined);
  });

  it('refuses a broken row rather than storing half of it', async () => {
    const kek = aKek({ createdAt: timestamp(null as never) });
    expect(await keks.insertActive(kek).catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await keks.findAnyProject(kek.id)).to.equal(undefined);
  });

  if (dialect.name === 'pg') {
    it('prepares its hot reads once per connection', async () => {
      await transaction(db, async (tx) => {
        const inside = createKekRepository(tx);
        await inside.findActive('software', projectId('p'));
        await inside.findAnyProject(kekId(randomUUID()));
        const { rows } = await tx.knex.raw<{ rows: { name: string }[] }>(
          'select name from pg_prepared_statements order by name',
        );
        expect(rows.map((row) => row.name)).to.include.members(['find-active-kek', 'find-kek']);
      });
    });

    it('says 503, not "there is none", when the database does not answer', async () => {
      const away = openDatabase({ client: 'pg', connection: 'postgres://nobody@127.0.0.1:1/nothing' });
      const error = await createKekRepository(away)
        .findAnyProject(kekId(randomUUID()))
        .catch((reason: unknown) => reason);
      await away.knex.destroy();
      expect(error).to.be.instanceOf(DatabaseUnavailable);
    });
  }
});
