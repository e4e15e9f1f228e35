import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { initTokenKeys } from '../../backends/pkcs11/index.ts';
import { decodeSealed } from '../../src/crypto/envelope.ts';
import { KeyDestroyed } from '../../src/crypto/key-destroyed.ts';
import { ConfigurationError, IntegrityError } from '../../src/errors.ts';
import { now } from '../../src/model/timestamp.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import { absentSecretStore } from '../conformance/secret-store.ts';
import { rejection } from '../conformance/secret-store-fixture.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { bytesBelow, openOne, pidOf, sealerOf, sealOne, type Sealed } from './pkcs11/kit.ts';
import { storesAtToken } from './pkcs11/stores-at-token.ts';
import {
  ABSENT,
  createReadyToken,
  masterKey,
  openPkcs11,
  quietLog,
  type Changes,
  type TestToken,
} from './pkcs11/tokens.ts';

/** Every way to write; each must be read in every other. */
const WAYS: Readonly<Record<string, Changes>> = {
  T: {},
  'T with cbc-mac': { mechanisms: { content: 'cbc-mac' } },
  'T with cbc-mac, padded by the token': { mechanisms: { content: 'cbc-mac', padding: 'token' } },
  W: { mode: 'W' },
  K: { mode: 'K' },
};

/** As PKCS #7 padding would end: what older formats cut off. */
function paddedLooking(): Buffer {
  const count = 1 + ((randomBytes(1)[0] as number) % 16);
  return Buffer.concat([randomBytes((randomBytes(1)[0] as number) % 48), Buffer.alloc(count, count)]);
}

const randomPayload = (n: number): Buffer => (n % 2 === 0 ? randomBytes(1 + (n % 64)) : paddedLooking());

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describe('pkcs11 and what it seals', function () {
    this.timeout(120_000);
    let db: TestDatabase;
    let token: TestToken;
    const open = storesAtToken((ready) => ({ db, token } = ready));

    it('reads what every mode and mechanism wrote in every other: all options changed between write and read', async () => {
      const written = new Map<string, Sealed>();
      const project = aSecretHeader().projectId;
      for (const [way, changes] of Object.entries(WAYS)) {
        const secret = aSecretHeader({ projectId: project });
        written.set(way, await sealOne(await open({ ...changes, name: 'ways' }), `by ${way}`, secret));
      }
      expect(new Set([...written.values()].map(({ sealed }) => sealed.kekId)).size, 'one key').to.equal(1);
      const elsewise = {
        sessions: 2,
        kek_cache: { entries: 1, ttl: 1 },
        environment: token.options().environment,
      };
      for (const [way, changes] of Object.entries(WAYS)) {
        const store = await open({ ...changes, ...elsewise, name: 'ways' });
        for (const [by, one] of written)
          expect((await openOne(store, one)).toString(), `${by} read in ${way}`).to.equal(`by ${by}`);
      }
    });

    it('writes the layout its mode says', async () => {
      const suites = await Promise.all(
        Object.entries(WAYS).map(async ([way, changes]) => {
          const { sealed } = await sealOne(await open({ ...changes, name: `layout ${way}` }), 'x');
          const { content, suite } = decodeSealed(sealed.blob);
          return [way, content, suite];
        }),
      );
      expect(suites).to.deep.equal([
        ['T', 'gcm', 'none'],
        ['T with cbc-mac', 'cbc-mac', 'none'],
        ['T with cbc-mac, padded by the token', 'cbc-mac', 'none'],
        ['W', 'gcm', 'gcm-token'],
        ['K', 'gcm', 'gcm'],
      ]);
      const keks = await db.knex<{ wrapped: Buffer }>('keks').select('wrapped');
      for (const { wrapped } of keks)
        expect([wrapped.subarray(0, 4).toString(), wrapped[4]]).to.deep.equal(['KBK1', 5]);
    });

    for (const [way, changes] of Object.entries(WAYS)) {
      it(`gives 2000 payloads back as they were, of all small lengths and padded-looking: ${way}`, async () => {
        const store = await open({ ...changes, name: 'many', concurrency: 4 });
        const secret = aSecretHeader();
        for (let from = 0; from < 2_000; from += 50) {
          const payloads = Array.from({ length: 50 }, (_, n) => randomPayload(from + n));
          const back = await Promise.all(
            payloads.map(async (bytes) => openOne(store, await sealOne(store, bytes, secret))),
          );
          for (const [n, bytes] of payloads.entries()) expect(back[n]?.equals(bytes)).to.equal(true);
        }
      });

      it(`does not open a blob with any one byte changed: ${way}`, async () => {
        const store = await open({ ...changes, name: 'flips' });
        const { secret, sealed } = await sealOne(store, '0123456789');
        const attempts = Array.from(sealed.blob.keys(), (at) => {
          const blob = Buffer.from(sealed.blob);
          blob[at] = (blob[at] as number) ^ 0x80;
          return rejection(openOne(store, { secret, sealed: { ...sealed, blob } }));
        });
        for (const error of await Promise.all(attempts)) expect(error).to.be.instanceOf(IntegrityError);
      });
    }

    it('holds up to 1 MiB in one call of the token, as it found out', async () => {
      const store = await open();
      expect(store.capabilities.maxPayloadBytes).to.equal(1024 * 1024);
      token.rules('C_Encrypt over+20000 -1');
      const small = await open({ name: 'small-token' });
      expect(small.capabilities.maxPayloadBytes).to.equal(128 * 1024);
    });

    it('has the keys in the token, and neither payload nor project key anywhere else', async () => {
      const canary = `canary-${randomUUID()}`;
      const store = await open();
      await sealOne(store, canary);
      const objects = token.tool('--list-objects', '--type', 'secrkey');
      expect(objects).to.contain('root-1-mkek').and.to.contain('root-1-hmac');
      expect(objects.match(/label:/g), 'session objects leave nothing').to.have.length(2);
      expect(objects).to.contain('never extractable').and.to.contain('wrap, unwrap');
      expect(bytesBelow(token.folder).includes(canary)).to.equal(false);
    });

    describe('its keys', () => {
      it('gives a project one KEK when two stores get its first payloads at once', async () => {
        const stores = await Promise.all([1, 2, 3].map(() => open({ name: 'shared' })));
        const { projectId } = aSecretHeader();
        const sealed = await Promise.all(
          stores.flatMap((store) => [1, 2].map(() => sealOne(store, 'x', aSecretHeader({ projectId })))),
        );
        expect(new Set(sealed.map((one) => one.sealed.kekId)).size).to.equal(1);
      });

      it('keeps few of them in the token, whatever the number of projects, and counts what each sealed', async () => {
        const store = await open({ name: 'few-keys', kek_cache: { entries: 2, ttl: 900 } });
        const projects = Array.from({ length: 12 }, () => aSecretHeader());
        const rounds = Array.from({ length: 60 }, (_, n) => projects[n % projects.length] ?? aSecretHeader());
        const sealed = await Promise.all(rounds.map((secret) => sealOne(store, secret.id, secret)));
        const back = await Promise.all(sealed.map((one) => openOne(store, one)));
        expect(back.map(String)).to.deep.equal(rounds.map((secret) => secret.id));
        expect((await store.health())['cached_keks']).to.be.at.most(2);
        await store.close();
        const keks = createKekRepository(db);
        const uses = await Promise.all(
          projects.map(async ({ projectId }) => (await keks.findActive('few-keys', projectId))?.uses),
        );
        expect(uses).to.deep.equal(projects.map(() => 5));
      });

      it('unwraps them anew when their time is up', async () => {
        const store = await open({ name: 'short', kek_cache: { entries: 10, ttl: 0.2 } });
        const one = await sealOne(store, 'x');
        const before = token.calls('C_UnwrapKey');
        await openOne(store, one);
        await openOne(store, one);
        expect(token.calls('C_UnwrapKey')).to.equal(before);
        await new Promise((resolve) => setTimeout(resolve, 250));
        expect((await openOne(store, one)).toString()).to.equal('x');
        expect(token.calls('C_UnwrapKey')).to.equal(before + 1);
      });

      it('says of a destroyed one that it is destroyed, not that the bytes are damaged', async () => {
        const one = await sealOne(await open({ name: 'destroyed' }), 'x');
        const gone = { state: 'destroyed', wrapped: null, destroyed_at: now() };
        await db.knex('keks').where({ store: 'destroyed' }).update(gone);
        const error = await rejection(openOne(await open({ name: 'destroyed' }), one));
        expect(error).to.be.instanceOf(KeyDestroyed);
      });

      for (const [what, change] of [
        ['version', { version: 7 }],
        ['project', { project_id: 'somebody-else' }],
        ['master key', { root_key: 'root-2' }],
      ] as const) {
        it(`does not open when its row has another ${what}`, async () => {
          const both = {
            name: `row-${what}`,
            master_keys: [masterKey('root-1'), { ...masterKey('root-1'), id: 'root-2' }],
          };
          const one = await sealOne(await open(both), 'x');
          const late = await open(both);
          await db.knex('keks').where({ store: both.name }).update(change);
          expect(await rejection(openOne(late, one))).to.be.instanceOf(IntegrityError);
        });
      }

      it('does not open when a master key in use is not configured', async () => {
        await sealOne(await open({ name: 'forgotten' }), 'x');
        const other = { name: 'forgotten', master_keys: [{ ...masterKey('root-1'), id: 'other' }] };
        const error = (await rejection(open(other))) as Error;
        expect(error).to.be.instanceOf(ConfigurationError);
        expect(error.message).to.contain('"root-1"');
      });

      it('opens what an older master key wrapped, and wraps new ones with the first', async () => {
        const fresh = masterKey('root-2026');
        const changes = { name: 'rotated', mechanisms: { content: 'cbc-mac' } };
        const old = await sealOne(await open(changes), 'old');
        const both = { ...changes, master_keys: [fresh, masterKey('root-1')] };
        await initTokenKeys({ options: token.options(both), log: quietLog });
        const store = await open(both);
        expect((await openOne(store, old)).toString()).to.equal('old');
        await sealOne(store, 'new');
        const counts = await createKekRepository(db).countAnyProjectByRootKey('rotated');
        expect(Object.fromEntries(counts)).to.deep.equal({ 'root-1': 1, 'root-2026': 1 });
      });

      it('does not open with another token of the same label', async () => {
        await sealOne(await open({ name: 'moved' }), 'x');
        const impostor = await createReadyToken();
        try {
          const error = (await rejection(openPkcs11(db, impostor.options({ name: 'moved' })))) as Error;
          expect(error).to.be.instanceOf(ConfigurationError);
          expect(error.message).to.contain('another token');
        } finally {
          await impostor.remove();
        }
      });
    });

    it('makes keys that were never clear outside the token’s process', async () => {
      const store = await open();
      const secret = aSecretHeader({ secretType: 'symmetric', algorithm: 'aes', bitLength: 256 });
      const made = await store.generator?.makeKey(secret, 256);
      expect((await sealerOf(store).open(secret, made!.sealed!)).size).to.equal(32);
      expect(store.generator?.makesPair('rsa', 4096)).to.equal(true);
      expect(store.generator?.makesPair('rsa', 1024)).to.equal(false);
      expect(store.generator?.makesPair('dsa', 2048)).to.equal(false);
      token.rules('C_GenerateKeyPair/1055 70 -1', 'C_GenerateKeyPair/0 70 -1');
      const less = await open({ name: 'fewer-pairs' });
      expect(less.generator?.makesPair('ed25519', 256)).to.equal(false);
      expect(less.generator?.makesPair('rsa', 2048)).to.equal(false);
      expect(less.generator?.makesPair('ecdsa', 256)).to.equal(true);
    });

    it('learns which code of its own a vendor has for damaged bytes', async () => {
      token.rules('C_Decrypt as+80000042 -1');
      const store = await open({ name: 'vendor' });
      const one = await sealOne(store, 'x');
      const pid = await pidOf(store);
      const blob = Buffer.from(one.sealed.blob);
      blob[blob.length - 1] = (blob[blob.length - 1] as number) ^ 1;
      const damaged = { ...one, sealed: { ...one.sealed, blob } };
      expect(await rejection(openOne(store, damaged))).to.be.instanceOf(IntegrityError);
      expect((await openOne(store, one)).toString()).to.equal('x');
      expect(await pidOf(store), 'no reset').to.equal(pid);
    });
  });
