import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { StoreMisconfigured } from '../../src/errors.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { bytesOf, payloadOf, rejection } from '../conformance/secret-store-fixture.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';
import {
  absentVault,
  access,
  asRoot,
  asToken,
  clientTls,
  done,
  openVault,
  ownRole,
  ownToken,
  vaultConfig,
  type Changes,
} from './vault-server.ts';

const detailOf = (error: unknown): string => {
  expect(error).to.be.instanceOf(StoreMisconfigured);
  return (error as StoreMisconfigured).detail ?? '';
};

/** The accessors of the tokens that a role has out, as `auth/token/accessors` knows them. */
async function tokensOf(role: string): Promise<readonly string[]> {
  const { keys } = (await done(asRoot('LIST', 'auth/token/accessors')))['data'] as { keys: string[] };
  const known = await Promise.all(
    keys.map(async (accessor) => {
      const { status, body } = await asRoot('POST', 'auth/token/lookup-accessor', { accessor });
      const { meta } = (status === 200 ? body['data'] : {}) as { meta?: { role_name?: string } | null };
      return meta?.role_name === role ? [accessor] : [];
    }),
  );
  return known.flat();
}

const revoke = (accessor: string): Promise<unknown> =>
  done(asRoot('POST', 'auth/token/revoke-accessor', { accessor }));

(absentVault === undefined ? describe : describe.skip)('the token of a vault store', function () {
  this.timeout(60_000);
  const opened: SecretStore[] = [];
  const open = async (changes: Changes): Promise<SecretStore> => {
    const store = await openVault(changes);
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  const roundTrip = async (store: SecretStore, text: string): Promise<void> => {
    const secret = aSecretHeader();
    const ref = await store.put(secret, payloadOf(text));
    expect((await bytesOf(store, secret, ref))?.toString()).to.equal(text);
    await store.destroy(secret, ref);
  };

  it('is replaced when somebody revokes it: requests under way go on, with one login', async () => {
    const { name, auth } = await ownRole();
    const store = await open({ auth });
    for (const accessor of await tokensOf(name)) await revoke(accessor);
    await Promise.all(Array.from({ length: 12 }, (_, at) => roundTrip(store, `after ${at}`)));
    expect(await tokensOf(name)).to.have.length(1);
  });

  it('is found dead by a health probe, and replaced', async () => {
    const { name, auth } = await ownRole();
    const store = await open({ auth });
    for (const accessor of await tokensOf(name)) await revoke(accessor);
    await store.health();
    expect(await tokensOf(name)).to.have.length(1);
  });

  it('is renewed under use: one of three seconds serves for six', async () => {
    const { name, auth } = await ownRole({ token_ttl: '3s', token_max_ttl: '1h' });
    const store = await open({ auth });
    const [first] = await tokensOf(name);
    const end = Date.now() + 6_000;
    while (Date.now() < end) {
      await roundTrip(store, 'still here');
      await sleep(100);
    }
    expect(await tokensOf(name)).to.deep.equal([first]);
  });

  it('is exchanged for another as its greatest age comes near', async () => {
    const { name, auth } = await ownRole({ token_ttl: '2s', token_max_ttl: '3s' });
    const store = await open({ auth });
    const [first] = await tokensOf(name);
    const end = Date.now() + 5_000;
    while (Date.now() < end) {
      await roundTrip(store, 'still here');
      await sleep(100);
    }
    expect(await tokensOf(name)).not.to.include(first);
  });

  it('of the batch kind, which cannot be renewed, is exchanged too', async () => {
    const { auth } = await ownRole({ token_type: 'batch', token_ttl: '1s' });
    const store = await open({ auth });
    expect((await store.health())['token_renewable']).to.equal(false);
    const end = Date.now() + 2_500;
    while (Date.now() < end) {
      await roundTrip(store, 'still here');
      await sleep(100);
    }
  });

  it('of few uses is exchanged when they are used up', async () => {
    const { auth } = await ownRole({ token_num_uses: 8 });
    const store = await open({ auth });
    for (let at = 0; at < 10; at += 1) await roundTrip(store, `use ${at}`);
  });

  it('is revoked when the store closes, twice is fine, and the store is closed', async () => {
    const { name, auth } = await ownRole();
    const store = await openVault({ auth });
    expect(await tokensOf(name)).to.have.length(1);
    await store.close();
    await store.close();
    expect(await tokensOf(name)).to.deep.equal([]);
    expect(await rejection(store.locate(aSecretHeader()))).to.have.property('status', 503);
  });

  it('leaves no token behind when the store does not open', async () => {
    const { name, auth } = await ownRole();
    expect(detailOf(await rejection(openVault({ auth, mount: 'nowhere' })))).to.contain('nowhere');
    expect(await tokensOf(name)).to.deep.equal([]);
  });

  it('that was given to us serves, is renewed and is never revoked by us', async () => {
    const token = await ownToken({ ttl: '2s', explicit_max_ttl: '1h' });
    const store = await openVault({ auth: { token } });
    const end = Date.now() + 3_000;
    while (Date.now() < end) {
      await roundTrip(store, 'still here');
      await sleep(200);
    }
    await store.close();
    expect((await asToken(token, 'GET', 'auth/token/lookup-self')).status).to.equal(200);
  });

  it('that was given to us and has ended says so to the operator', async () => {
    const token = await ownToken({ ttl: '1h' });
    const store = await open({ auth: { token } });
    await done(asRoot('POST', 'auth/token/revoke', { token }));
    const detail = detailOf(await rejection(store.locate(aSecretHeader())));
    expect(detail).to.contain('the token under "auth"').and.not.to.contain(token);
    expect(detailOf(await rejection(store.health()))).to.contain('the token under "auth"');
  });

  it('without an end serves, and has no seconds left to show', async () => {
    const store = await open({ auth: { token: access().root_token } });
    await roundTrip(store, 'by root');
    expect(await store.health()).not.to.have.property('token_seconds');
  });

  it('is not asked for again and again with credentials that the server refuses', async () => {
    const { name, auth } = await ownRole();
    const store = await open({ auth });
    for (const accessor of await tokensOf(name)) await revoke(accessor);
    await done(asRoot('DELETE', `auth/approle/role/${name}`));
    const began = performance.now();
    for (let at = 0; at < 20; at += 1) detailOf(await rejection(store.locate(aSecretHeader())));
    expect(performance.now() - began).to.be.below(5_000);
  });

  it('is not exchanged over a policy that forbids: the operator hears of the policy', async () => {
    const { name, auth } = await ownRole();
    const store = await open({ auth });
    const [first] = await tokensOf(name);
    await done(asRoot('PUT', `sys/policies/acl/${name}`, { policy: 'path "x" { capabilities = ["read"] }' }));
    expect(detailOf(await rejection(store.locate(aSecretHeader())))).to.match(/metadata.*403.*denied/);
    expect(await tokensOf(name)).to.deep.equal([first]);
  });

  describe('by a wrapped secret id', () => {
    async function wrap(path: string): Promise<string> {
      const { wrap_info } = await done(asRoot('POST', path, {}, { 'X-Vault-Wrap-TTL': '60s' }));
      return (wrap_info as { token: string }).token;
    }
    const approle = (wrapped: string): Changes => ({
      auth: { approle: { role_id: access().role_id, wrapped_secret_id: wrapped } },
    });

    it('serves once, and tells of a second time', async () => {
      const wrapped = await wrap('auth/approle/role/postern/secret-id');
      await roundTrip(await open(approle(wrapped)), 'unwrapped');
      const detail = detailOf(await rejection(openVault(approle(wrapped))));
      expect(detail)
        .to.match(/unwrapped already/)
        .and.not.to.contain(wrapped);
    });

    it('is refused when something else was wrapped', async () => {
      const wrapped = await wrap('sys/wrapping/wrap');
      expect(detailOf(await rejection(openVault(approle(wrapped))))).to.contain('was not made by approle');
    });
  });

  it('shows in no error, whatever goes wrong', async () => {
    const { approle } = vaultConfig().auth;
    const wrong = { approle: { ...approle, secret_id: 'canary-secret-id' } };
    const error = await rejection(openVault({ auth: wrong }));
    const shown = JSON.stringify(error) + detailOf(error) + String((error as Error).cause);
    expect(shown).not.to.contain('canary').and.not.to.contain(approle?.role_id);
  });

  it('comes by certificate, whose days left are known', async () => {
    const store = await open({ auth: { certificate: {} }, tls: clientTls('client') });
    await roundTrip(store, 'by certificate');
    const facts = await store.health();
    expect(facts['client_certificate_days']).to.be.within(0, 825);
    expect(facts['server_certificate_days']).to.be.within(0, 825);
    expect(facts).to.include({ version: '1.14.1', cluster: 'postern-tests', sealed: false, kv_version: 2 });
    expect(facts['token_seconds']).to.be.within(1, 3_600);
  });
});
