import { expect } from 'chai';
import { Conflict, IntegrityError, StoreMisconfigured, StoreRejected } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { projectId } from '../../src/model/ids.ts';
import {
  absentVault,
  asRoot,
  done,
  openVault,
  ownMount,
  ownRole,
  unique,
  type Changes,
} from './vault-server.ts';

const detailOf = (error: unknown): string => {
  expect(error).to.be.instanceOf(StoreMisconfigured);
  return (error as StoreMisconfigured).detail ?? '';
};

(absentVault === undefined ? describe : describe.skip)('the engine of a vault store', function () {
  this.timeout(30_000);
  const opened: SecretStore[] = [];
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  const open = async (changes: Changes = {}): Promise<SecretStore> => {
    const store = await openVault(changes, log);
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    lines.length = 0;
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe('that is not as configured', () => {
    it('is told at the start: version 1 for 2, 2 for 1, none, another engine', async () => {
      const { auth } = await ownRole();
      const REFUSED: readonly (readonly [Changes, RegExp])[] = [
        [{ auth, mount: 'kv1' }, /kv1 is KV version 1, and kv_version is 2/],
        [{ auth, mount: 'secret', kv_version: 1 }, /secret is KV version 2, and kv_version is 1/],
        [{ auth, mount: 'nowhere' }, /no mount nowhere/],
        [{ auth, mount: 'cubbyhole' }, /cubbyhole is an engine of type cubbyhole/],
        [{ auth, mount: 'secret/deeper' }, /no mount secret\/deeper/],
      ];
      for (const [changes, words] of REFUSED)
        expect(detailOf(await rejection(openVault(changes)))).to.match(words);
    });

    it('is never taken for one that has nothing, when it is exchanged while we are open', async () => {
      const { mount, auth } = await ownMount(2);
      const store = await open({ mount, auth });
      const secret = aSecretHeader();
      const ref = await store.put(secret, payloadOf('kept'));
      await done(asRoot('DELETE', `sys/mounts/${mount}`));
      expect(detailOf(await rejection(store.get(secret, ref)))).to.match(/404.*no such mount/);
      expect(detailOf(await rejection(store.put(aSecretHeader(), payloadOf('x'))))).to.match(/404/);
      await done(asRoot('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '1' } }));
      expect(detailOf(await rejection(store.get(secret, ref)))).to.match(/version 1/);
      expect(detailOf(await rejection(store.locate(secret)))).to.match(/version 1/);
      expect(detailOf(await rejection(store.health()))).to.match(/version 1/);
      await done(asRoot('DELETE', `sys/mounts/${mount}`));
    });

    it('is told when it would delete entries by itself', async () => {
      const { mount, auth } = await ownMount(2, { delete_version_after: '30s' });
      expect(detailOf(await rejection(openVault({ mount, auth })))).to.match(/by itself after 30s/);
      await done(asRoot('DELETE', `sys/mounts/${mount}`));
    });

    it('is told when our policy lacks something, by path and capability', async () => {
      const rules = (metadata: string): string => `
        path "secret/data/postern/*" { capabilities = ["create", "read"] }
        path "secret/metadata/postern/*" { capabilities = [${metadata}] }`;
      const { auth } = await ownRole({}, rules('"read"'));
      const detail = detailOf(await rejection(openVault({ auth })));
      expect(detail).to.contain('lacks delete on "secret/metadata/postern/*"');
      const enough = await ownRole({}, rules('"read", "delete"'));
      await (await open({ auth: enough.auth })).health();
    });

    it('is told when a namespace is asked of a server that has none', async () => {
      expect(detailOf(await rejection(openVault({ namespace: 'team' })))).to.match(/no namespaces/);
    });
  });

  it('takes writes where it demands check-and-set', async () => {
    const { mount, auth } = await ownMount(2, { cas_required: true });
    const store = await open({ mount, auth });
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('checked'));
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('checked');
    await done(asRoot('DELETE', `sys/mounts/${mount}`));
  });

  it('tells the same from other bytes where our policy lets us update, too', async () => {
    const policy = 'path "secret/*" { capabilities = ["create", "read", "update", "delete"] }';
    const { auth } = await ownRole({}, policy);
    const store = await open({ auth });
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('first'));
    expect(await store.put(secret, payloadOf('first'))).to.equal(ref);
    expect(await rejection(store.put(secret, payloadOf('other')))).to.be.instanceOf(Conflict);
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('first');
  });

  describe('when somebody works behind us', () => {
    const put = async (): Promise<{
      store: SecretStore;
      secret: ReturnType<typeof aSecretHeader>;
      ref: StoreRef;
    }> => {
      const store = await open();
      const secret = aSecretHeader();
      return { store, secret, ref: await store.put(secret, payloadOf('ours')) };
    };

    for (const [what, remove] of Object.entries({
      'a deleted version': (ref: string) => asRoot('DELETE', `secret/data/${ref}`),
      'a destroyed version': (ref: string) => asRoot('PUT', `secret/destroy/${ref}`, { versions: [1] }),
    })) {
      it(`${what} is absent with an alarm, is no place for a put, and can be destroyed`, async () => {
        const { store, secret, ref } = await put();
        await done(remove(ref));
        expect(await store.get(secret, ref)).to.equal(undefined);
        expect(lines.join()).to.contain('deleted behind the broker').and.to.contain(secret.id);
        expect(await store.locate(secret)).to.equal(ref);
        const error = await rejection(store.put(secret, payloadOf('ours')));
        expect(error).to.be.instanceOf(StoreRejected);
        expect((error as StoreRejected).detail).to.match(/deleted behind the broker: undelete/);
        await store.destroy(secret, ref);
        expect(await store.locate(secret)).to.equal(undefined);
        expect(await store.put(secret, payloadOf('anew'))).to.equal(ref);
      });
    }

    it('an entry that is not ours does not open', async () => {
      const { store, secret, ref } = await put();
      const other = aSecretHeader({ projectId: secret.projectId });
      const { data } = (await done(asRoot('GET', `secret/data/${ref}`)))['data'] as { data: Changes };
      const EDITED: readonly Changes[] = [
        { ...data, v: Buffer.from('their').toString('base64') },
        { ...data, s: '' },
        { ...data, f: 2 },
        { value: 'by hand' },
        {},
      ];
      for (const edited of EDITED) {
        await done(asRoot('POST', `secret/data/${ref}`, { data: edited }));
        expect(await rejection(store.get(secret, ref))).to.be.instanceOf(IntegrityError);
      }
      const place = await store.put(other, payloadOf('other'));
      await done(asRoot('POST', `secret/data/${place}`, { data }));
      const error = await rejection(store.get(other, place));
      expect(error).to.be.instanceOf(IntegrityError);
      expect((error as IntegrityError).detail).to.contain(other.id);
    });
  });

  it('loses every version and all that is known of an entry that is destroyed', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('first'));
    await done(asRoot('POST', `secret/data/${ref}`, { data: { v: 'second' } }));
    await store.destroy(secret, ref);
    expect((await asRoot('GET', `secret/metadata/${ref}`)).status).to.equal(404);
    expect((await asRoot('GET', `secret/data/${ref}?version=1`)).status).to.equal(404);
  });

  it('keeps projects apart whatever they are called', async () => {
    const store = await open();
    const names = [
      '..',
      '.',
      'a/b',
      'a',
      'a b',
      'ä',
      '\u0001',
      '%2e',
      '🗝️',
      'p'.repeat(255),
      'x.y',
      '~',
      'a/../b',
    ];
    const secrets = names.map((name) => aSecretHeader({ projectId: projectId(name) }));
    const refs = await Promise.all(secrets.map((secret) => store.put(secret, payloadOf(secret.projectId))));
    expect(new Set(refs).size).to.equal(names.length);
    for (const [at, secret] of secrets.entries()) {
      const ref = refs[at] as StoreRef;
      expect(ref.length).to.be.below(256);
      expect(await store.locate(secret)).to.equal(ref);
      expect((await bytesOf(store, secret, ref))?.toString()).to.equal(secret.projectId);
      await store.destroy(secret, ref);
      expect(await store.locate(secret)).to.equal(undefined);
    }
  });

  it('has under a new prefix what was put under the old one, as the policy lets it', async () => {
    const secret = aSecretHeader();
    const ref = await (await open({ prefix: 'postern/before' })).put(secret, payloadOf('moved on'));
    const later = await open({ prefix: `postern/${unique('after')}` });
    expect((await bytesOf(later, secret, ref))?.toString()).to.equal('moved on');
    await later.destroy(secret, ref);
    expect(await later.get(secret, ref)).to.equal(undefined);
  });
});
