import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unauthenticated } from '../../src/errors.ts';
import { identify } from '../../src/identity/identify.ts';
import { createKeystoneProvider } from '../../src/identity/keystone/keystone-provider.ts';
import type { IdentityProvider } from '../../src/identity/provider.ts';
import type { Identity } from '../../src/model/principal.ts';
import { isRequired, skipAloud } from '../helpers/databases.ts';
import { asking, optionsFor, type RawOptions, rejection } from './keystone-bench.ts';
import {
  callKeystone,
  logIn,
  logInByCredential,
  readSeed,
  type Seed,
  trustLogin,
  userNamed,
} from './real-keystone.ts';

const SEED_PATH = process.env['POSTERN_TEST_KEYSTONE_SEED'];

describe('a real Keystone', () => {
  if (SEED_PATH === undefined) skipAloud('POSTERN_TEST_KEYSTONE_SEED is not set', isRequired('keystone'));
  else againstRealKeystone(readSeed(SEED_PATH));
});

function againstRealKeystone(seed: Seed): void {
  const open: IdentityProvider[] = [];
  const provider = (options: RawOptions = {}): IdentityProvider => {
    const login = { username: 'postern', password: userNamed(seed, 'postern').password, token_cache_time: 0 };
    const created = createKeystoneProvider('ks', optionsFor(seed.auth_url, { ...login, ...options }), {
      clock: Date.now,
    });
    open.push(created);
    return created;
  };
  afterEach(async () => {
    for (const created of open.splice(0)) await created.close();
  });

  const as = (
    by: IdentityProvider,
    token: string,
    more: Record<string, string> = {},
    path?: string,
  ): Promise<Identity> => identify([by], asking({ 'x-auth-token': token, ...more }, 'GET', path));
  const refused = async (work: Promise<unknown>): Promise<string | undefined> => {
    const error = await rejection(work);
    expect(error).to.be.instanceOf(Unauthenticated);
    return (error as Unauthenticated).detail;
  };

  it('tells who holds a project token', async () => {
    const { principal } = await as(provider(), await logIn(seed, 'writer-a'));
    const { id, project_id, roles } = userNamed(seed, 'writer-a');
    expect([principal.user.id, principal.project?.id, principal.scope]).to.deep.equal([
      id,
      project_id,
      'project',
    ]);
    expect(principal.user).to.deep.include({ name: 'writer-a', domain: { id: 'default', name: 'Default' } });
    expect(principal.roles).to.include.members([...roles]);
    expect(principal.methods).to.deep.equal(['password']);
    expect(principal.token?.ageSeconds).to.be.within(0, 10);
    expect(principal.token?.auditId).to.be.a('string');
  });

  it('expands implied roles', async () => {
    const { principal } = await as(provider(), await logIn(seed, 'member-a'));
    expect(principal.roles).to.deep.equal(['member', 'reader']);
  });

  it('does not know a token that it did not issue, nor one that is damaged', async () => {
    const by = provider();
    const token = await logIn(seed, 'writer-a');
    expect(await refused(as(by, 'gAAAAABunknown'))).to.contain('no such token');
    expect(await refused(as(by, `${token.slice(0, -4)}AAAA`))).to.contain('no such token');
  });

  it('does not know a revoked token, once the cache lets go of it', async () => {
    const token = await logIn(seed, 'writer-a');
    const cached = provider({ token_cache_time: 300 });
    await as(cached, token);
    await callKeystone(seed, token, 'DELETE', '/auth/tokens', { headers: { 'X-Subject-Token': token } });
    expect((await as(cached, token)).principal.user.name).to.equal('writer-a');
    expect(await refused(as(provider(), token))).to.contain('no such token');
  });

  it('scopes other than a project are refused', async () => {
    const by = provider();
    const scopes = {
      system: { system: { all: true } },
      domain: { domain: { id: 'default' } },
      none: 'unscoped',
    };
    for (const [scope, asked] of Object.entries(scopes)) {
      const token = await logIn(seed, 'writer-a', asked);
      expect((await by.identify(asking({ 'x-auth-token': token })))?.principal.scope).to.equal(scope);
      expect(await refused(as(by, token))).to.contain(`scope: ${scope}`);
    }
  });

  it('vouches for an expired token beside a service token only', async () => {
    const by = provider();
    const user = await logIn(seed, 'writer-a', undefined, seed.short_auth_url);
    const service = await logIn(seed, 'compute');
    await sleep((seed.short_expiration + 1) * 1000);
    expect(await refused(as(by, user))).to.be.a('string');
    const identity = await as(by, user, { 'x-service-token': service });
    expect(identity.principal.token?.expired).to.equal(true);
    expect(identity.service?.user.name).to.equal('compute');
    expect(identity.service?.token?.expired).to.equal(false);
  }).timeout(60_000);

  it('a service token without a service role, or of nobody, spoils the request', async () => {
    const by = provider();
    const user = await logIn(seed, 'writer-a');
    expect(await refused(as(by, user, { 'x-service-token': user }))).to.contain('no service role');
    expect(await refused(as(by, user, { 'x-service-token': 'gAAAAABunknown' }))).to.contain('no such token');
  });

  it('a system-scoped service token leaves the caller’s scope alone', async () => {
    const user = await logIn(seed, 'writer-a');
    const service = await logIn(seed, 'compute', { system: { all: true } });
    const identity = await as(provider(), user, { 'x-service-token': service });
    expect([identity.principal.scope, identity.service?.scope]).to.deep.equal(['project', 'system']);
  });

  it('an application credential without rules is its user', async () => {
    const { principal } = await as(provider(), await logInByCredential(seed, 'unrestricted'));
    expect(principal.applicationCredential).to.include({
      name: 'unrestricted',
      accessRules: false,
      restricted: true,
    });
    expect(principal.user.id).to.equal(userNamed(seed, 'writer-a').id);
  });

  it('access rules bind an application credential', async () => {
    const by = provider();
    const list = await logInByCredential(seed, 'list-secrets');
    const below = await logInByCredential(seed, 'below-secrets');
    const create = await logInByCredential(seed, 'create-secrets');
    expect((await as(by, list)).principal.applicationCredential?.accessRules).to.equal(true);
    expect(await refused(as(by, list, {}, '/v1/containers'))).to.contain('no access rule');
    expect(await refused(as(by, create))).to.contain('no access rule');
    expect(await refused(as(by, below))).to.contain('no access rule');
    await as(by, below, {}, '/v1/secrets/x/payload');
    await as(by, create, { 'x-service-token': await logIn(seed, 'compute') });
  });

  it('shows a trust, and the trustor as the user', async () => {
    const trustor = userNamed(seed, 'writer-a');
    const trustee = userNamed(seed, 'reader-b');
    const trust = {
      trustor_user_id: trustor.id,
      trustee_user_id: trustee.id,
      project_id: trustor.project_id,
      impersonation: true,
      roles: [{ name: 'member' }],
    };
    const own = await logIn(seed, 'writer-a');
    const { body } = await callKeystone(seed, own, 'POST', '/OS-TRUST/trusts', { body: { trust } });
    const { id } = (body as { trust: { id: string } }).trust;
    try {
      const { principal } = await as(provider(), await trustLogin(seed, 'reader-b', id));
      expect(principal.user.id).to.equal(trustor.id);
      expect(principal.trust).to.deep.equal({
        id,
        trustorUserId: trustor.id,
        trusteeUserId: trustee.id,
        impersonation: true,
      });
    } finally {
      await callKeystone(seed, own, 'DELETE', `/OS-TRUST/trusts/${id}`);
    }
  });

  it('lets us log in by application credential', async () => {
    const { id, secret } = seed.application_credentials['unrestricted'] ?? { id: '', secret: '' };
    const login = { application_credential_id: id, application_credential_secret: secret };
    const none = { username: undefined, password: undefined, project_name: undefined };
    // Its user may validate his own tokens, which is all that this shows.
    const token = await logIn(seed, 'writer-a');
    const { principal } = await as(provider({ ...none, ...login }), token);
    expect(principal.user.name).to.equal('writer-a');
  });

  it('answers our wrong password with 503, not 401', async () => {
    const error = await rejection(as(provider({ password: 'wrong' }), await logIn(seed, 'writer-a')));
    expect(error).to.have.property('status', 503);
    expect(error).to.have.property('detail', 'our login was answered 401');
  });
}
