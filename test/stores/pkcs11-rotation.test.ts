import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  checkTokenKeys,
  destroyTokenKeys,
  initTokenKeys,
  type DescribedKey,
} from '../../backends/pkcs11/index.ts';
import { StoreMisconfigured } from '../../src/errors.ts';
import type { KekRecord } from '../../src/model/kek.ts';
import { now } from '../../src/model/timestamp.ts';
import { createKekRotationRepository } from '../../src/repositories/kek-rotation.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { openOne, sealOne, type Sealed } from './pkcs11/kit.ts';
import { storesAtToken } from './pkcs11/stores-at-token.ts';
import { ABSENT, createToken, masterKey, quietLog, type Changes, type TestToken } from './pkcs11/tokens.ts';

const CBC_MAC = { mechanisms: { content: 'cbc-mac' } };

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 and its rotation', function () {
    this.timeout(60_000);
    let db: TestDatabase;
    let token: TestToken;
    const open = storesAtToken((ready) => ({ db, token } = ready));

    /** A store with a new master key in front of that which wrapped what is sealed. */
    const renewed = async (id: string, changes: Changes = {}): Promise<SecretStore> => {
      const all = { ...changes, master_keys: [masterKey(id), masterKey('root-1')] };
      await initTokenKeys({ options: token.options({ master_keys: [masterKey(id)] }), log: quietLog });
      return open(all);
    };
    const kekOf = async ({ sealed }: Sealed): Promise<KekRecord> =>
      (await createKekRepository(db).findAnyProject(sealed.kekId))!;
    const rewrap = async (store: SecretStore, one: Sealed): Promise<void> => {
      const kek = await kekOf(one);
      const fresh = await store.rotation!.rewrap(kek);
      expect(await createKekRotationRepository(db).replaceWrapped(kek, fresh!, now())).to.equal(true);
    };

    it('never shows a project key to be wrapped again, and leaves no object behind', async () => {
      const name = 'unseen';
      const one = await sealOne(await open({ name }), 'unseen');
      const store = await renewed('unseen-root', { name });
      await openOne(store, one);
      const cached = (await store.health())['cached_keks'] as number;
      const [revealed, made] = [token.calls('C_GetAttributeValue'), token.calls('C_UnwrapKey')];
      const destroyed = token.calls('C_DestroyObject');
      await rewrap(store, one);
      expect(token.calls('C_GetAttributeValue'), 'values read').to.equal(revealed);
      const gone = token.calls('C_DestroyObject') - destroyed;
      const kept = ((await store.health())['cached_keks'] as number) - cached;
      expect(token.calls('C_UnwrapKey') - made - gone, 'unwrapped and not destroyed').to.equal(kept);
      expect((await openOne(store, one)).toString()).to.equal('unseen');
    });

    it('keeps a project key at hand in both forms while some know it as it was', async () => {
      const name = 'both-forms';
      const one = await sealOne(await open({ name }), 'twice');
      const [store, behind] = [
        await renewed('forms-root', { name }),
        await renewed('forms-root-2', { name }),
      ];
      await openOne(behind, one);
      await rewrap(store, one);
      const ahead = await open({ name, master_keys: [masterKey('forms-root'), masterKey('root-1')] });
      await openOne(ahead, one);
      const unwrapped = token.calls('C_UnwrapKey');
      for (let n = 0; n < 5; n += 1)
        for (const each of [store, behind, ahead])
          expect((await openOne(each, one)).toString()).to.equal('twice');
      expect(token.calls('C_UnwrapKey')).to.be.at.most(unwrapped + 1);
    });

    it('leaves a project key alone that the token wraps wrongly', async () => {
      const name = 'wrong';
      const one = await sealOne(await open({ name }), 'x');
      const store = await renewed('wrong-root', { name });
      const kek = await kekOf(one);
      for (const rule of ['C_WrapKey 6 1', 'C_Sign 70 1', 'C_UnwrapKey 6 1']) {
        token.rules(rule);
        await rejection(store.rotation!.rewrap(kek));
        token.rules();
        expect((await openOne(store, one)).toString(), rule).to.equal('x');
      }
      expect((await store.rotation!.rewrap(kek))?.rootKey).to.equal('wrong-root');
    });

    it('knows which master key signed a payload, and signs it again with the first', async () => {
      const changes = { name: 'signed', ...CBC_MAC };
      const one = await sealOne(await open(changes), 'signed');
      const store = await renewed('signed-root', changes);
      const { rotation } = store;
      expect(await rotation!.masterKeyOf!(one.secret, one.sealed)).to.equal('root-1');
      const fresh = await rotation!.reseal(one.secret, one.sealed, await kekOf(one), 'rewrap');
      expect(fresh?.kekId).to.equal(one.sealed.kekId);
      expect(await rotation!.masterKeyOf!(one.secret, fresh!)).to.equal('signed-root');
      expect(await rotation!.reseal(one.secret, fresh!, await kekOf(one), 'rewrap')).to.equal(undefined);
      expect((await openOne(store, { ...one, sealed: fresh! })).toString()).to.equal('signed');
    });

    it('asks no token about payloads that no master key signed', async () => {
      const store = await open({ name: 'unsigned' });
      const one = await sealOne(store, 'x');
      expect(await store.rotation!.masterKeyOf!(one.secret, one.sealed)).to.equal(undefined);
    });

    it('goes on when an old pair that nothing needs is destroyed under it', async () => {
      for (const [n, changes] of [{}, CBC_MAC].entries()) {
        const name = `outlived-${n}`;
        const pair = masterKey(`outlived-old-${n}`);
        const before = { name, ...changes, master_keys: [pair] };
        await initTokenKeys({ options: token.options(before), log: quietLog });
        const one = await sealOne(await open(before), 'outlived');
        const front = masterKey(`outlived-new-${n}`);
        const options = token.options({ name, ...changes, master_keys: [front, pair] });
        await initTokenKeys({ options, log: quietLog });
        const store = await open({ name, ...changes, master_keys: [front, pair] });
        await rewrap(store, one);
        const kek = await kekOf(one);
        const sealed = (await store.rotation!.reseal(one.secret, one.sealed, kek, 'reseal'))!;
        const left = await destroyTokenKeys({ options, log: quietLog }, pair.id);
        expect(left.filter(({ id }) => id === pair.id).map(({ count }) => count)).to.deep.equal([0, 0]);
        // Every handle is looked up anew afterwards.
        token.rules('C_EncryptInit 60 1', 'C_DecryptInit 60 1');
        expect((await openOne(store, { ...one, sealed })).toString()).to.equal('outlived');
        token.rules();
        const two = await sealOne(store, 'new');
        expect((await openOne(store, two)).toString()).to.equal('new');
        await destroyTokenKeys({ options, log: quietLog }, pair.id);
      }
    });

    describe('its master keys', () => {
      let own: TestToken;
      beforeEach(() => {
        own = createToken();
      });
      afterEach(() => own.remove());
      const init = (wrapped: Readonly<Record<string, number>>, ...ids: readonly string[]) => {
        const options = own.options({ master_keys: ids.map(masterKey) });
        return initTokenKeys({ options, log: quietLog }, new Map(Object.entries(wrapped)));
      };
      const counts = (keys: readonly DescribedKey[]): Record<string, number> =>
        Object.fromEntries(keys.map(({ label, count }) => [label, count]));

      it('are made where the token lacks them, and only there', async () => {
        await init({}, 'old');
        const [before] = await checkTokenKeys({
          options: own.options({ master_keys: [masterKey('old')] }),
          log: quietLog,
        });
        const made = await init({ old: 3 }, 'new', 'old');
        expect(counts(made)).to.deep.equal({ 'new-mkek': 1, 'new-hmac': 1, 'old-mkek': 1, 'old-hmac': 1 });
        expect(made.find(({ label }) => label === 'old-mkek')).to.deep.equal(before);
        expect(made.flatMap(({ faults }) => faults)).to.deep.equal([]);
      });

      it('are all made on a token that has none', async () => {
        expect(counts(await init({}, 'a', 'b'))).to.deep.equal({
          'a-mkek': 1,
          'a-hmac': 1,
          'b-mkek': 1,
          'b-hmac': 1,
        });
      });

      it('are not made in the place of one that wraps something: that token has lost it', async () => {
        await init({}, 'new');
        const error = (await rejection(init({ old: 3 }, 'new', 'old'))) as StoreMisconfigured;
        expect(error).to.be.instanceOf(StoreMisconfigured);
        expect(error.detail).to.contain('lacks master key "old", which wraps 3 project keys');
        const options = own.options({ master_keys: [masterKey('old')] });
        expect(counts(await checkTokenKeys({ options, log: quietLog }))).to.deep.equal({
          'old-mkek': 0,
          'old-hmac': 0,
        });
      });

      it('are destroyed, both halves of a pair and no other', async () => {
        await init({}, 'keep', 'drop');
        const options = own.options({ master_keys: [masterKey('keep'), masterKey('drop')] });
        const left = await destroyTokenKeys({ options, log: quietLog }, 'drop');
        expect(counts(left)).to.deep.equal({
          'keep-mkek': 1,
          'keep-hmac': 1,
          'drop-mkek': 0,
          'drop-hmac': 0,
        });
        expect(own.tool('--list-objects')).not.to.contain('drop-');
        expect(counts(await destroyTokenKeys({ options, log: quietLog }, 'drop'))).to.deep.equal(
          counts(left),
        );
        expect(readFileSync(join(own.folder, 'calls'), 'utf8')).to.contain('C_DestroyObject');
      });
    });
  });
