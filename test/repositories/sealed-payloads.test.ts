import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { kekId, secretId, type KekId, type SecretId } from '../../src/model/ids.ts';
import type { SealedPayload } from '../../src/model/sealed-payload.ts';
import { now } from '../../src/model/timestamp.ts';
import { transaction } from '../../src/repositories/database.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import {
  createSealedPayloadRepository,
  type SealedPayloadRepository,
} from '../../src/repositories/sealed-payloads.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

describeDatabases('sealed payloads', (dialect) => {
  let db: TestDatabase;
  let payloads: SealedPayloadRepository;
  let kek: KekId;
  before(async () => {
    db = await dialect.open();
    payloads = createSealedPayloadRepository(db);
  });
  after(() => db.close());
  beforeEach(async () => {
    kek = kekId(randomUUID());
    const { projectId } = aSecretHeader();
    const record = { id: kek, store: 'a', projectId, version: 1, rootKey: 'r', wrapped: randomBytes(9) };
    await createKekRepository(db).insertActive({ ...record, createdAt: now() });
  });

  const aSecret = async (): Promise<SecretId> => {
    const header = aSecretHeader();
    await insertSecretRow(db, header);
    return header.id;
  };
  const sealed = (blob: Buffer = randomBytes(144)): SealedPayload => ({ kekId: kek, blob });

  for (const [what, blob] of [
    ['of no bytes', Buffer.alloc(0)],
    ['of every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['of a megabyte', randomBytes(1024 * 1024)],
  ] as const) {
    it(`finds a blob ${what} as it was inserted`, async () => {
      const id = await aSecret();
      expect(await payloads.insert(id, 'a', sealed(blob), now())).to.equal(true);
      const found = await payloads.find(id, 'a');
      expect(found?.kekId).to.equal(kek);
      expect(found?.blob.equals(blob)).to.equal(true);
    });
  }

  it('keeps the first of two, and says so', async () => {
    const id = await aSecret();
    const first = sealed();
    expect(await payloads.insert(id, 'a', first, now())).to.equal(true);
    expect(await payloads.insert(id, 'a', sealed(), now())).to.equal(false);
    expect((await payloads.find(id, 'a'))?.blob.equals(first.blob)).to.equal(true);
  });

  it('lets one of many at once win', async () => {
    const id = await aSecret();
    const won = await Promise.all(Array.from({ length: 6 }, () => payloads.insert(id, 'a', sealed(), now())));
    expect(won.filter(Boolean)).to.have.length(1);
  });

  it('holds a copy per store, and removes them one by one', async () => {
    const id = await aSecret();
    const [one, other] = [sealed(), sealed()];
    await payloads.insert(id, 'a', one, now());
    expect(await payloads.insert(id, 'b', other, now())).to.equal(true);
    await payloads.remove(id, 'a');
    expect(await payloads.find(id, 'a')).to.equal(undefined);
    expect((await payloads.find(id, 'b'))?.blob.equals(other.blob)).to.equal(true);
  });

  it('removes twice, and what never was', async () => {
    const id = await aSecret();
    await payloads.insert(id, 'a', sealed(), now());
    await payloads.remove(id, 'a');
    await payloads.remove(id, 'a');
    await payloads.remove(secretId(randomUUID()), 'a');
    expect(await payloads.find(id, 'a')).to.equal(undefined);
  });

  it('counts what each KEK sealed', async () => {
    expect(await payloads.countByKek(kek)).to.equal(0);
    for (let n = 0; n < 3; n += 1) await payloads.insert(await aSecret(), 'a', sealed(), now());
    expect(await payloads.countByKek(kek)).to.equal(3);
    expect(await payloads.countByKek(kekId(randomUUID()))).to.equal(0);
  });

  it('goes with the row of its secret', async () => {
    const id = await aSecret();
    await payloads.insert(id, 'a', sealed(), now());
    await db.knex('secrets').where({ id }).delete();
    expect(await payloads.countByKek(kek)).to.equal(0);
  });

  it('is not there without a secret, nor without a KEK', async () => {
    const orphan = payloads.insert(secretId(randomUUID()), 'a', sealed(), now());
    expect(await orphan.catch((error: unknown) => error)).to.be.instanceOf(Error);
    const id = await aSecret();
    const keyless = payloads.insert(id, 'a', { ...sealed(), kekId: kekId(randomUUID()) }, now());
    expect(await keyless.catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await payloads.find(id, 'a')).to.equal(undefined);
  });

  it('does not let a KEK go that it needs', async () => {
    await payloads.insert(await aSecret(), 'a', sealed(), now());
    const removal = db.knex('keks').where({ id: kek }).delete();
    expect(await removal.catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await payloads.countByKek(kek)).to.equal(1);
  });

  it('works within a transaction, which a duplicate does not spoil', async () => {
    const id = await aSecret();
    await transaction(db, async (tx) => {
      const inside = createSealedPayloadRepository(tx);
      expect(await inside.insert(id, 'a', sealed(), now())).to.equal(true);
      expect(await inside.insert(id, 'a', sealed(), now())).to.equal(false);
      expect(await inside.find(id, 'a')).not.to.equal(undefined);
    });
    expect(await payloads.countByKek(kek)).to.equal(1);
  });

  if (dialect.name === 'pg') {
    it('prepares its hot read once per connection', async () => {
      await transaction(db, async (tx) => {
        await createSealedPayloadRepository(tx).find(secretId(randomUUID()), 'a');
        const { rows } = await tx.knex.raw<{ rows: { name: string }[] }>(
          'select name from pg_prepared_statements',
        );
        expect(rows.map((row) => row.name)).to.include('find-sealed-payload');
      });
    });
  }
});
