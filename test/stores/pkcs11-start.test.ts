import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { checkTokenKeys, initTokenKeys } from '../../backends/pkcs11/index.ts';
import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { openOne, sealOne } from './pkcs11/kit.ts';
import { storesAtToken } from './pkcs11/stores-at-token.ts';
import {
  ABSENT,
  addToken,
  createToken,
  masterKey,
  openPkcs11,
  quietLog,
  type Changes,
  type TestToken,
} from './pkcs11/tokens.ts';

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 at its start', function () {
    this.timeout(60_000);
    let db: TestDatabase;
    let token: TestToken;
    const open = storesAtToken((ready) => ({ db, token } = ready));
    const refusal = async (changes: Changes): Promise<string> => {
      const error = (await rejection(open(changes))) as StoreMisconfigured;
      expect(error, error.detail).to.be.instanceOf(StoreMisconfigured);
      return error.detail ?? '';
    };

    describe('mechanisms', () => {
      it('names AES-GCM where the token has none, and works without it', async () => {
        token.rules('C_EncryptInit/1087 70 -1', 'C_DecryptInit/1087 70 -1');
        expect(await refusal({ name: 'gcm' }))
          .to.contain('CKM_AES_GCM (0x1087)')
          .and.to.contain('0x70');
        expect(await refusal({ name: 'gcm-w', mode: 'W' })).to.contain('CKM_AES_GCM (0x1087)');
        const store = await open({ name: 'no-gcm', mechanisms: { content: 'cbc-mac' } });
        const one = await sealOne(store, 'without GCM');
        expect((await openOne(store, one)).toString()).to.equal('without GCM');
      });

      it('needs nothing but wrapping in mode K, and then makes no keys', async () => {
        token.rules('C_EncryptInit/1087 70 -1', 'C_DecryptInit/1087 70 -1');
        const store = await open({ name: 'k-alone', mode: 'K' });
        const one = await sealOne(store, 'by us');
        expect((await openOne(store, one)).toString()).to.equal('by us');
        expect(store.generator).to.equal(undefined);
      });

      for (const [what, mechanisms, named] of [
        ['AES-CBC', { content: 'cbc-mac' }, 'CKM_AES_CBC (0x1082)'],
        ['AES-CBC-PAD', { content: 'cbc-mac', padding: 'token' }, 'CKM_AES_CBC_PAD (0x1085)'],
      ] as const) {
        it(`names ${what} where the token has none`, async () => {
          token.rules('C_EncryptInit/1082 70 -1', 'C_EncryptInit/1085 70 -1');
          expect(await refusal({ name: `no ${what}`, mechanisms })).to.contain(named);
        });
      }

      it('names both names of RFC 5649 where the token has neither, and the one that was asked for', async () => {
        token.rules('C_WrapKey/210a 70 -1');
        const both = await refusal({ name: 'no-wrap' });
        expect(both)
          .to.contain('CKM_AES_KEY_WRAP_KWP (0x210B)')
          .and.to.contain('CKM_AES_KEY_WRAP_PAD (0x210A)');
        token.rules();
        const asked = { name: 'kwp', mechanisms: { wrap: 'CKM_AES_KEY_WRAP_KWP' } };
        expect(await refusal(asked)).to.contain('CKM_AES_KEY_WRAP_KWP (0x210B)');
        await open({ name: 'pad', mechanisms: { wrap: 0x210a } });
      });

      it('refuses a mechanism that wraps by another rule than RFC 5649', async () => {
        const refused = await refusal({ name: 'rfc3394', mechanisms: { wrap: 0x1081 } });
        expect(refused).to.contain('0x1081');
      });

      it('refuses a token that has no random generator', async () => {
        token.rules('C_GenerateRandom 121 -1');
        expect(await refusal({ name: 'no-random' })).to.contain('0x121');
      });
    });

    describe('which token', () => {
      it('finds it by label, by serial number, by slot, and by all of them', async () => {
        const { slot, serial } = whereIs(token);
        for (const [n, which] of [
          { token_label: undefined, token_serial: serial },
          { token_label: undefined, slot },
          { token_serial: serial, slot },
        ].entries())
          await open({ name: `which-${n}`, ...which });
      });

      it('says which tokens there are where none fits', async () => {
        for (const [n, which] of [
          { token_label: 'other' },
          { token_serial: '00' },
          { slot: 4_711 },
        ].entries()) {
          const error = (await rejection(open({ name: `none-${n}`, ...which }))) as StoreUnavailable;
          expect(error).to.be.instanceOf(StoreUnavailable);
          expect(error.detail).to.contain('no token').and.to.contain('"postern-test"');
        }
      });

      it('refuses two of one label, never taking the first', async () => {
        const twins = createToken('twin');
        addToken(twins.folder, 'twin');
        try {
          const error = (await rejection(openPkcs11(db, twins.options()))) as StoreUnavailable;
          expect(error.detail).to.contain('2 tokens');
          expect(twins.calls('C_Login')).to.equal(0);
        } finally {
          await twins.remove();
        }
      });

      it('says that a module cannot be loaded, and which', async () => {
        expect(await refusal({ name: 'no-module', library: '/nonexistent/lib.so' })).to.contain(
          '/nonexistent/lib.so',
        );
      });
    });

    describe('master keys', () => {
      const init = (labels: ReturnType<typeof masterKey>): ReturnType<typeof initTokenKeys> =>
        initTokenKeys({ options: token.options({ master_keys: [labels] }), log: quietLog });

      it('are made once: least permissions, never extractable, and no second time', async () => {
        const labels = masterKey('made');
        const keys = await init(labels);
        expect(keys.map(({ label, faults }) => [label, faults])).to.deep.equal([
          ['made-mkek', []],
          ['made-hmac', []],
        ]);
        const [mkek, mac] = keys.map(({ attributes }) => attributes);
        expect(mkek).to.include({ wrap: 1, unwrap: 1, encrypt: 0, decrypt: 0, sign: 0, verify: 0 });
        expect(mac).to.include({ sign: 1, verify: 1, wrap: 0, unwrap: 0, encrypt: 0, decrypt: 0 });
        for (const key of [mkek, mac])
          expect(key).to.include({
            bytes: 32,
            sensitive: 1,
            extractable: 0,
            never_extractable: 1,
            local: 1,
            token: 1,
          });
        const again = (await rejection(init(labels))) as StoreMisconfigured;
        expect(again.detail).to.contain('"made-mkek"').and.to.contain('nothing was made');
        const half = (await rejection(init({ ...labels, mkek_label: 'fresh-mkek' }))) as StoreMisconfigured;
        expect(half.detail).to.contain('"made-hmac"');
        expect(token.tool('--list-objects', '--type', 'secrkey')).not.to.contain('fresh-mkek');
      });

      it('leave nothing behind where only one of them can be made', async () => {
        token.rules('C_GenerateKey/350 70 1');
        await rejection(init(masterKey('half')));
        expect(token.tool('--list-objects', '--type', 'secrkey')).not.to.contain('half-mkek');
      });

      it('are described without being good, or being there', async () => {
        const options = token.options({ master_keys: [masterKey('root-1'), masterKey('absent')] });
        const keys = await checkTokenKeys({ options, log: quietLog });
        expect(keys.map(({ count }) => count)).to.deep.equal([1, 1, 0, 0]);
        expect(keys[2]?.faults.join()).to.contain('absent-mkek');
      });

      it('are missed by name, with the command that makes them', async () => {
        const refused = await refusal({ name: 'absent', master_keys: [masterKey('absent')] });
        expect(refused).to.contain('"absent-mkek"').and.to.contain('postern keys init');
      });

      it('are refused where they may do more than they must, or may be read', async () => {
        const keygen = (label: string, ...usage: readonly string[]): void =>
          void token.tool('--keygen', '--key-type', 'AES:32', '--label', label, ...usage);
        keygen('decrypts', '--usage-wrap', '--usage-decrypt', '--sensitive');
        keygen('readable', '--usage-wrap', '--extractable');
        keygen('short', '--usage-wrap', '--sensitive');
        const withMkek = (mkek_label: string): Promise<string> =>
          refusal({ name: mkek_label, master_keys: [{ ...masterKey('root-1'), mkek_label }] });
        expect(await withMkek('decrypts'))
          .to.contain('"decrypts"')
          .and.to.contain('it may decrypt');
        expect(await withMkek('readable')).to.contain('it can be taken out of the token');
        expect(await withMkek('root-1-hmac')).to.contain('it is not an AES key');
        const asMac = { name: 'mac', master_keys: [{ ...masterKey('root-1'), hmac_label: 'root-1-mkek' }] };
        expect(await refusal(asMac)).to.contain('mac_key_type');
      });

      it('are refused where there are two of one label', async () => {
        for (let n = 0; n < 2; n += 1)
          token.tool('--keygen', '--key-type', 'AES:32', '--label', 'twice', '--usage-wrap', '--sensitive');
        const twice = { name: 'twice', master_keys: [{ ...masterKey('root-1'), mkek_label: 'twice' }] };
        expect(await refusal(twice))
          .to.contain('more than one key')
          .and.to.contain('"twice"');
      });
    });
  });

/** What SoftHSM gave it; both unforeseeable. */
function whereIs(token: TestToken): { readonly slot: number; readonly serial: string } {
  const conf = token.options().environment['SOFTHSM2_CONF'] ?? '';
  const shown = execFileSync('softhsm2-util', ['--show-slots'], {
    env: { ...process.env, SOFTHSM2_CONF: conf },
    encoding: 'utf8',
  });
  const [, slot = '', serial = ''] = /Slot (\d+)[^]*?Serial number: +(\w+)/.exec(shown) ?? [];
  return { slot: Number(slot), serial };
}
