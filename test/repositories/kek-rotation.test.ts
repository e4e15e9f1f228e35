import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { StoreUnavailable } from '../../src/errors.ts';
import { kekId, projectId } from '../../src/model/ids.ts';
import type { KekRecord, NewKek } from '../../src/model/kek.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now, timestampFromMillis } from '../../src/model/timestamp.ts';
import { openDatabase, transaction, type Database } from '../../src/repositories/database.ts';
import { createKekCountRepository } from '../../src/repositories/kek-counts.ts';
import {
  createKekRotationRepository,
  type KekRotationRepository,
} from '../../src/repositories/kek-rotation.ts';
import { createKekRepository, type KekRepository } from '../../src/repositories/keks.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

/** After every KEK of these tests was retired. */
const LATER = timestampFromMillis(Date.now() + 3_600_000);

describeDatabases('keks in rotation', (dialect) => {
  let db: TestDatabase;
  let other: Database;
  let keks: KekRepository;
  let rotation: KekRotationRepository;
  let store: string;
  before(async () => {
    db = await dialect.open();
    other = openDatabase(db.options);
    keks = createKekRepository(db);
    rotation = createKekRotationRepository(db);
  });
  after(async () => {
    await other.knex.destroy();
    await db.close();
  });
  beforeEach(() => {
    store = `software-${randomUUID()}`;
  });

  const newKek = (changes: Partial<NewKek> = {}): NewKek => ({
    id: kekId(randomUUID()),
    store,
    projectId: projectId(randomUUID()),
    version: 1,
    rootKey: 'root-1',
    wrapped: randomBytes(77),
    createdAt: now(),
    ...changes,
  });
  const active = async (changes: Partial<NewKek> = {}): Promise<KekRecord> =>
    (await keks.insertActive(newKek(changes))) as KekRecord;
  const successorOf = ({ projectId: project, version }: KekRecord): NewKek =>
    newKek({ projectId: project, version: version + 1 });
  /** Retired, as after a rotation. */
  const retired = async (): Promise<KekRecord> => {
    const kek = await active();
    expect(await rotation.rotateActive(kek, successorOf(kek), now())).to.equal(true);
    return kek;
  };
  const sealUnder = async (at: Database, kek: KekRecord): Promise<SecretHeader> => {
    const secret = aSecretHeader({ projectId: kek.projectId });
    await insertSecretRow(at, secret);
    const sealed = { kekId: kek.id, blob: randomBytes(40) };
    await createSealedPayloadRepository(at).insert(secret.id, store, sealed, now());
    return secret;
  };

  describe('going through them', () => {
    it('gives every KEK of the store once, page by page, and no other store has it', async () => {
      const all = await Promise.all(Array.from({ length: 7 }, () => active()));
      await active({ store: `${store}-2` });
      const seen: string[] = [];
      for (let after: KekRecord['id'] | undefined; ;) {
        const page = await rotation.listAnyProject({ store }, { after, limit: 3 });
        seen.push(...page.map(({ id }) => id));
        after = page.at(-1)?.id;
        if (after === undefined) break;
      }
      expect(seen).to.deep.equal(all.map(({ id }) => id).sort());
      expect(await rotation.countAnyProject({ store })).to.equal(7);
    });

    it('keeps to what is wanted', async () => {
      const kek = await active();
      const moment = now();
      const young = await active({ rootKey: 'root-2', createdAt: now() });
      const old = await retired();
      const ids = async (wanted: object): Promise<string[]> =>
        (await rotation.listAnyProject({ store, ...wanted }, { limit: 9 })).map(({ id }) => id);
      expect(await ids({ notUnder: 'root-1' })).to.deep.equal([young.id]);
      expect(await ids({ state: 'retired' })).to.deep.equal([old.id]);
      expect(await ids({ state: 'retired', retiredBefore: LATER })).to.deep.equal([old.id]);
      expect(await ids({ state: 'retired', retiredBefore: moment })).to.deep.equal([]);
      expect(await ids({ project: kek.projectId })).to.deep.equal([kek.id]);
      expect(await ids({ createdBefore: moment })).to.deep.equal([kek.id]);
    });
  });

  describe('wrapped by another root key', () => {
    it('are replaced only as long as they are as seen', async () => {
      const kek = await active();
      const [first, second] = [randomBytes(80), randomBytes(80)];
      expect(await rotation.lastRewrapped(store)).to.equal(undefined);
      const at = now();
      expect(await rotation.replaceWrapped(kek, { rootKey: 'root-2', wrapped: first }, at)).to.equal(true);
      expect(await rotation.replaceWrapped(kek, { rootKey: 'root-3', wrapped: second }, now())).to.equal(
        false,
      );
      const found = await keks.findActive(store, kek.projectId);
      expect(found).to.deep.equal({ ...kek, rootKey: 'root-2', wrapped: first });
      expect(await rotation.lastRewrapped(store)).to.equal(at);
    });

    it('are replaced by one of many at once', async () => {
      const kek = await active();
      const at = [rotation, createKekRotationRepository(other)];
      const replaced = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          at[n % 2]!.replaceWrapped(kek, { rootKey: `root-${n}`, wrapped: randomBytes(80) }, now()),
        ),
      );
      expect(replaced.filter((won) => won)).to.have.length(1);
    });
  });

  describe('a new version', () => {
    it('takes over at once: there is never none, and never two', async () => {
      const kek = await active();
      const at = now();
      expect(await rotation.rotateActive(kek, successorOf(kek), at)).to.equal(true);
      expect(await keks.findActive(store, kek.projectId)).to.include({ version: 2, state: 'active' });
      expect(await keks.findAnyProject(kek.id)).to.include({ version: 1, state: 'retired', retiredAt: at });
      expect(await rotation.lastRetired({ store })).to.equal(at);
      expect(await rotation.lastRetired({ store, project: projectId('nobody') })).to.equal(undefined);
    });

    it('is made by one of many at once, beside readers who always find one', async () => {
      const kek = await active();
      const at = [rotation, createKekRotationRepository(other)];
      const state = { done: false };
      const reading = (async () => {
        const readers = createKekRepository(other);
        for (let reads = 0; !state.done || reads < 5; reads += 1)
          expect(await readers.findActive(store, kek.projectId), 'an active KEK').not.to.equal(undefined);
      })();
      const rotated = await Promise.all(
        Array.from({ length: 8 }, (_, n) => at[n % 2]!.rotateActive(kek, successorOf(kek), now())),
      );
      state.done = true;
      await reading;
      expect(rotated.filter((won) => won)).to.have.length(1);
      expect(await keks.latestVersion(store, kek.projectId)).to.equal(2);
    });

    it('leaves all as it was when its number is taken', async () => {
      const kek = await active();
      const taken = { ...successorOf(kek), version: 1 };
      expect(await rotation.rotateActive(kek, taken, now())).to.equal(false);
      expect(await keks.findActive(store, kek.projectId)).to.deep.equal(kek);
    });
  });

  describe('destroyed', () => {
    it('lose their bytes, if they were retired long enough ago', async () => {
      const kek = await retired();
      const successor = (await keks.findActive(store, kek.projectId)) as KekRecord;
      expect(await rotation.destroy(kek.id, timestampFromMillis(0), now()), 'too young').to.equal(false);
      expect(await rotation.destroy(successor.id, LATER, now()), 'active').to.equal(false);
      const at = now();
      expect(await rotation.destroy(kek.id, LATER, at)).to.equal(true);
      expect(await rotation.destroy(kek.id, LATER, now()), 'a second time').to.equal(false);
      expect(await keks.findAnyProject(kek.id)).to.include({
        state: 'destroyed',
        wrapped: null,
        destroyedAt: at,
      });
    });

    it('are not, while a payload needs them', async () => {
      const kek = await retired();
      const secret = await sealUnder(db, kek);
      expect(await rotation.destroy(kek.id, LATER, now())).to.equal(false);
      expect((await keks.findAnyProject(kek.id))?.wrapped).to.deep.equal(kek.wrapped);
      await createSealedPayloadRepository(db).remove(secret.id, store);
      expect(await rotation.destroy(kek.id, LATER, now())).to.equal(true);
    });

    it('seal nothing any more: neither a new row nor an old one can be put under them', async () => {
      const kek = await retired();
      const successor = (await keks.findActive(store, kek.projectId)) as KekRecord;
      const secret = await sealUnder(db, successor);
      expect(await rotation.destroy(kek.id, LATER, now())).to.equal(true);
      expect(await rejection(sealUnder(db, kek))).to.be.instanceOf(StoreUnavailable);
      const moved = db.knex('sealed_payloads').where({ secret_id: secret.id }).update({ kek_id: kek.id });
      expect(await rejection(Promise.resolve(moved))).to.be.instanceOf(Error);
      const inTransaction = transaction(db, (tx) => sealUnder(tx, kek));
      expect(await rejection(inTransaction)).to.be.instanceOf(StoreUnavailable);
    });

    it('or sealed a payload, but never both, when the two come at once', async () => {
      for (let round = 0; round < 15; round += 1) {
        const kek = await retired();
        const [sealed, destroyed] = await Promise.allSettled([
          sealUnder(other, kek),
          rotation.destroy(kek.id, LATER, now()),
        ]);
        const isSealed = sealed.status === 'fulfilled';
        const isDestroyed = destroyed.status === 'fulfilled' && destroyed.value;
        expect(
          [isSealed, isDestroyed].filter((won) => won),
          `round ${round}`,
        ).to.have.length(1);
      }
    });

    if (dialect.name === 'pg') {
      it('wait for a payload on its way in, and stay', async () => {
        const kek = await retired();
        const destroying = await transaction(other, async (tx) => {
          await sealUnder(tx, kek);
          const waiting = rotation.destroy(kek.id, LATER, now());
          await sleep(200);
          return { waiting };
        });
        expect(await destroying.waiting).to.equal(false);
        expect((await keks.findAnyProject(kek.id))?.state).to.equal('retired');
      });

      it('make a payload on its way in wait, and be refused', async () => {
        const kek = await retired();
        const sealing = await transaction(other, async (tx) => {
          expect(await createKekRotationRepository(tx).destroy(kek.id, LATER, now())).to.equal(true);
          const waiting = rejection(sealUnder(db, kek));
          await sleep(200);
          return { waiting };
        });
        expect(await sealing.waiting).to.be.instanceOf(StoreUnavailable);
      });
    }
  });

  it('are counted by state and by version, with what they sealed', async () => {
    const old = await retired();
    const fresh = (await keks.findActive(store, old.projectId)) as KekRecord;
    await sealUnder(db, old);
    for (let n = 0; n < 2; n += 1) await sealUnder(db, fresh);
    await active();
    await keks.addUses(fresh.id, 5);
    await keks.addUses(old.id, 2 ** 33);
    const counts = createKekCountRepository(db);
    expect(await counts.countAnyProjectByState(store, 2 ** 30)).to.deep.equal([
      { state: 'active', keks: 2, payloads: 2, mostUses: 5, due: 0 },
      { state: 'retired', keks: 1, payloads: 1, mostUses: 2 ** 33, due: 1 },
    ]);
    const versions = await counts.listByVersion(store, old.projectId);
    expect(
      versions.map(({ version, state, uses, payloads }) => [version, state, uses, payloads]),
    ).to.deep.equal([
      [2, 'active', 5, 2],
      [1, 'retired', 2 ** 33, 1],
    ]);
  });
});
