import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createSimpleCryptoStore, type SimpleCryptoOptions } from '../../backends/simple-crypto/index.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { ConfigurationError, IntegrityError, NotSupported } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import { openDatabase, type Database } from '../../src/repositories/database.ts';
import { createKekRotationRepository } from '../../src/repositories/kek-rotation.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import type { Sealer, SecretStore } from '../../src/stores/secret-store.ts';
import { describeSecretStore } from '../conformance/secret-store.ts';
import { describeDatabases, type TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

type MasterKeys = SimpleCryptoOptions['master_keys'];

const masterKey = (id: string): MasterKeys[number] => ({ id, key: createSecretKey(randomBytes(32)) });

function openStore(db: Database, name: string, masterKeys: MasterKeys): Promise<SecretStore> {
  return createSimpleCryptoStore({
    name,
    options: { master_keys: masterKeys },
    keks: createKekRepository(db),
    sealedPayloads: createSealedPayloadRepository(db),
    clock: now,
  });
}

function sealerOf(store: SecretStore): Sealer {
  if (store.sealer === undefined) throw new Error('the store does not seal');
  return store.sealer;
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a rejection');
}

const payload = (text: string): Payload => Payload.copy(Buffer.from(text));

describeDatabases('simple_crypto', (dialect) => {
  describeSecretStore('simple_crypto', async () => {
    const db = await dialect.open();
    const keys = [masterKey('root-1')];
    const newer = masterKey('root-2');
    const store = await openStore(db, 'software', keys);
    const sibling = await openStore(db, 'elsewhere', keys);
    const reopened: Database[] = [];
    return {
      store,
      sibling,
      reopen: () => {
        const own = openDatabase(db.options);
        reopened.push(own);
        return openStore(own, 'software', keys);
      },
      rotation: {
        keks: createKekRepository(db),
        keksInRotation: createKekRotationRepository(db),
        renewed: () => openStore(db, 'software', [newer, ...keys]),
      },
      admit: (secret) => insertSecretRow(db, secret),
      close: async () => {
        await store.close();
        await sibling.close();
        for (const own of reopened) await own.knex.destroy();
        await db.close();
      },
    };
  });

  describe('its keys', () => {
    let db: TestDatabase;
    let name: string;
    const keys = [masterKey('root-1')];
    before(async () => {
      db = await dialect.open();
    });
    after(() => db.close());
    beforeEach(() => {
      name = `software-${randomUUID()}`;
    });

    const putOne = async (store: SecretStore, text: string): Promise<SecretHeader> => {
      const secret = aSecretHeader();
      await insertSecretRow(db, secret);
      await store.put(secret, payload(text));
      return secret;
    };

    it('gives a project one KEK when two processes get its first payloads at once', async () => {
      const stores = await Promise.all([1, 2, 3].map(() => openStore(db, name, keys)));
      const { projectId } = aSecretHeader();
      const seals = stores.flatMap((store) =>
        [1, 2, 3].map(() => sealerOf(store).seal(aSecretHeader({ projectId }), payload('first'))),
      );
      const sealed = await Promise.all(seals);
      expect(new Set(sealed.map((one) => one.kekId)).size).to.equal(1);
      const rows = await db.knex('keks').where({ store: name });
      expect(rows).to.have.length(1);
      expect(rows[0]).to.include({ version: 1, state: 'active', root_key: 'root-1' });
    });

    it('asks the database no more once the KEK is at hand', async () => {
      const store = await openStore(db, name, keys);
      const secret = await putOne(store, 'text');
      const sealed = await sealerOf(store).seal(secret, payload('text'));
      let queries = 0;
      const listen = (): void => {
        queries += 1;
      };
      db.knex.on('query', listen);
      const again = await sealerOf(store).seal(secret, payload('text'));
      await sealerOf(store).open(secret, sealed);
      await sealerOf(store).open(secret, again);
      db.knex.removeListener('query', listen);
      expect(again.kekId).to.equal(sealed.kekId);
      expect(queries).to.equal(0);
    });

    it('opens what an older master key sealed, and wraps new keys with the first', async () => {
      const [old, fresh] = [masterKey('old'), masterKey('fresh')];
      const before = await openStore(db, name, [old]);
      const secret = await putOne(before, 'from before');
      const store = await openStore(db, name, [fresh, old]);
      const ref = await store.locate(secret);
      expect(ref && (await store.get(secret, ref))?.bytes().toString()).to.equal('from before');
      await putOne(store, 'new');
      const counts = await createKekRepository(db).countAnyProjectByRootKey(name);
      expect([...counts].sort()).to.deep.equal([
        ['fresh', 1],
        ['old', 1],
      ]);
    });

    it('does not open when a master key in use is not configured', async () => {
      await putOne(await openStore(db, name, [masterKey('gone')]), 'x');
      const error = await rejection(openStore(db, name, [masterKey('other')]));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error.message).to.contain('"gone"').and.to.contain(name);
    });

    it('does not open with the wrong key under the right name', async () => {
      await putOne(await openStore(db, name, [masterKey('root')]), 'x');
      const error = await rejection(openStore(db, name, [masterKey('root')]));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect(error.message).to.contain('"root"').and.to.contain('does not unwrap');
    });

    it('opens beside another store with other master keys over the same database', async () => {
      await putOne(await openStore(db, name, [masterKey('root')]), 'x');
      const other = await openStore(db, `${name}-2`, [masterKey('another')]);
      await other.health();
    });

    it('counts what each KEK sealed, in one statement for many', async () => {
      const store = await openStore(db, name, keys);
      const secret = aSecretHeader();
      for (let n = 0; n < 1_234; n += 1) await sealerOf(store).seal(secret, payload('x'));
      await store.close();
      const kek = await createKekRepository(db).findActive(name, secret.projectId);
      expect(kek?.uses).to.equal(1_234);
    });

    it('says of a destroyed KEK that it is destroyed, not that the bytes are damaged', async () => {
      const secret = aSecretHeader();
      const sealed = await sealerOf(await openStore(db, name, keys)).seal(secret, payload('x'));
      await db
        .knex('keks')
        .where({ store: name })
        .update({ state: 'destroyed', wrapped: null, destroyed_at: now() });
      const error = await rejection(sealerOf(await openStore(db, name, keys)).open(secret, sealed));
      expect(error).to.be.instanceOf(KeyDestroyed).and.not.to.be.instanceOf(IntegrityError);
      expect(error).to.have.property('status', 500);
    });

    for (const [what, change] of [
      ['version', { version: 7 }],
      ['project', { project_id: 'somebody-else' }],
      ['root key name', { root_key: 'root-2' }],
    ] as const) {
      it(`does not open when the KEK's row has another ${what}`, async () => {
        const root = createSecretKey(randomBytes(32));
        const both = [
          { id: 'root-1', key: root },
          { id: 'root-2', key: root },
        ];
        const store = await openStore(db, name, both);
        const late = await openStore(db, name, both);
        const secret = await putOne(store, 'x');
        await db.knex('keks').where({ store: name }).update(change);
        const ref = await late.locate(secret);
        expect(await rejection(late.get(secret, ref as never))).to.be.instanceOf(IntegrityError);
      });
    }

    it('tells which secret does not open, and gives no bytes', async () => {
      const store = await openStore(db, name, keys);
      const secret = await putOne(store, 'canary-bytes');
      await db
        .knex('sealed_payloads')
        .where({ secret_id: secret.id })
        .update({ blob: Buffer.from('KBP1') });
      const error = await rejection(store.get(secret, (await store.locate(secret)) as never));
      expect(error).to.be.instanceOf(IntegrityError);
      expect((error as IntegrityError).detail)
        .to.contain(secret.id)
        .and.to.contain(name);
      expect(error.message).to.equal('');
    });

    it('refuses to seal more than it says it can hold', async () => {
      const store = await openStore(db, name, keys);
      const large = Payload.own(Buffer.alloc(store.capabilities.maxPayloadBytes + 1));
      expect(await rejection(sealerOf(store).seal(aSecretHeader(), large))).to.be.instanceOf(NotSupported);
    });

    it('loses sealed bytes with the row of the secret', async () => {
      const store = await openStore(db, name, keys);
      const secret = await putOne(store, 'x');
      await db.knex('secrets').where({ id: secret.id }).delete();
      expect(await store.locate(secret)).to.equal(undefined);
    });
  });
});
