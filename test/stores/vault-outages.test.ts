import { expect } from 'chai';
import { NotSupported, StoreMisconfigured, StoreOverloaded, StoreUnavailable } from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import { MAX_REQUEST_BYTES, prepareOwnVault, type OwnVault } from './own-vault.ts';
import { absentVault, openWith } from './vault-server.ts';
import { vaultOptions } from '../../backends/vault/index.ts';

const expectUnavailable = (error: unknown, words: RegExp): void => {
  expect(error).to.be.instanceOf(StoreUnavailable).and.not.instanceOf(StoreMisconfigured);
  expect((error as StoreUnavailable).detail).to.match(words);
};

(absentVault === undefined ? describe : describe.skip)('a Vault server of our own', function () {
  this.timeout(60_000);
  let vault: OwnVault;
  let token: string;
  const opened: SecretStore[] = [];
  const open = async (): Promise<SecretStore> => {
    const options = vaultOptions.parse({ kind: 'vault', name: 'vault', url: vault.url, auth: { token } });
    const store = await openWith(options);
    opened.push(store);
    return store;
  };
  before(async () => {
    vault = await prepareOwnVault();
    token = 'none yet';
    await vault.start();
    expectUnavailable(await rejection(open()), /not initialised/);
    token = await vault.initialise();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  after(() => vault.remove());

  it('is unavailable while it is sealed, and serves what it had once it is not', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('sealed away'));
    await vault.seal();
    for (const attempt of [
      () => store.get(secret, ref),
      () => store.locate(secret),
      () => store.put(aSecretHeader(), payloadOf('x')),
      () => store.destroy(secret, ref),
      () => store.health(),
      () => open(),
    ])
      expectUnavailable(await rejection(attempt()), /"vault".*503.*sealed/);
    await vault.unseal();
    await store.health();
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('sealed away');
  });

  it('is unavailable while it restarts, and comes back sealed', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf('on disk'));
    await vault.stop();
    expectUnavailable(await rejection(store.get(secret, ref)), /no answer \(ECONN/);
    await vault.start();
    expectUnavailable(await rejection(store.get(secret, ref)), /sealed/);
    await vault.unseal();
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal('on disk');
  });

  it('is overloaded when a quota is used up, and says when to come back', async () => {
    const store = await open();
    const quota = { path: 'secret/', rate: 1, interval: '60s' };
    await vault.call('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: true });
    await vault.call('POST', 'sys/quotas/rate-limit/tight', quota);
    try {
      const secret = aSecretHeader();
      const errors = [];
      for (let at = 0; at < 3; at += 1)
        errors.push(await store.locate(secret).catch((error: unknown) => error));
      const last = errors.at(-1);
      expect(last).to.be.instanceOf(StoreOverloaded);
      expect(Number((last as StoreOverloaded).headers['Retry-After'])).to.be.within(1, 60);
      expect((last as StoreOverloaded).detail).to.match(/429.*quota/);
    } finally {
      await vault.call('DELETE', 'sys/quotas/rate-limit/tight');
    }
  });

  it('says of a payload that the server does not take that it cannot hold it', async () => {
    const store = await open();
    const secret = aSecretHeader();
    const error = await rejection(store.put(secret, payloadOf(Buffer.alloc(MAX_REQUEST_BYTES))));
    expect(error).to.be.instanceOf(NotSupported);
    expect((error as NotSupported).message).to.contain('"vault"');
    expect(await store.locate(secret)).to.equal(undefined);
  });
});
