import { expect } from 'chai';
import type { Principal } from '../../src/model/principal.ts';
import { conformsAsIdentityProvider } from '../conformance/identity-provider.ts';
import type { TokenDocument } from './fake-keystone.ts';
import { asking, type KeystoneBench, START_MS, startKeystoneBench } from './keystone-bench.ts';
import { credentialToken, projectToken, roles, serviceToken } from './keystone-tokens.ts';

describe('Keystone identity provider', () => {
  conformsAsIdentityProvider(async () => {
    const bench = await startKeystoneBench();
    const mixed = { roles: roles('Reader', 'member', 'READER') };
    bench.keystone.tokens.set('good', projectToken(bench, mixed));
    bench.keystone.tokens.set('old', projectToken({ nowMs: bench.nowMs, leftMs: -1000 }));
    bench.keystone.tokens.set('plain', projectToken(bench));
    return {
      provider: bench.provider,
      name: 'ks',
      good: asking({ 'x-auth-token': 'good' }),
      bad: {
        'an unknown token': asking({ 'x-auth-token': 'unknown' }),
        'an expired token': asking({ 'x-auth-token': 'old' }),
        'a lone service token': asking({ 'x-service-token': 'good' }),
        'a service token without a service role': asking({
          'x-auth-token': 'good',
          'x-service-token': 'plain',
        }),
        'a token of impossible characters': asking({ 'x-auth-token': 'go\u00e9d' }),
        'two tokens in one header': asking({ 'x-auth-token': 'good, good' }),
        'a token of impossible length': asking({ 'x-auth-token': 'x'.repeat(5000) }),
      },
      foreign: asking({ 'x-project-id': 'P', 'x-roles': 'admin', authorization: 'Bearer x' }),
      stop: () => bench.stop(),
    };
  });

  let bench: KeystoneBench;
  beforeEach(async () => {
    bench = await startKeystoneBench();
  });
  afterEach(() => bench.stop());

  const principalOf = async (document: TokenDocument): Promise<Principal> => {
    bench.keystone.tokens.set('token', document);
    const identity = await bench.provider.identify(asking({ 'x-auth-token': 'token' }));
    if (identity === undefined) throw new Error('not recognised');
    return identity.principal;
  };

  it('tells the policy all that the token says', async () => {
    expect(await principalOf(projectToken({ nowMs: START_MS, leftMs: 1800_000 }))).to.deep.equal({
      kind: 'keystone',
      issuer: 'ks',
      user: { id: 'u-1', name: 'writer', domain: { id: 'default', name: 'Default' } },
      project: { id: 'P', name: 'shop', domain: { id: 'default', name: 'Default' }, tags: [] },
      domain: null,
      scope: 'project',
      roles: ['member', 'reader'],
      groups: [],
      methods: ['password'],
      token: {
        issuedAt: '2026-05-16T09:00:00.000000Z',
        expiresAt: '2026-05-16T10:00:00.000000Z',
        ageSeconds: 1800,
        expired: false,
        cachedSeconds: 0,
        auditId: 'audit-1',
      },
      applicationCredential: null,
      trust: null,
    });
  });

  it('counts the ages at every use, cached or not', async () => {
    await principalOf(projectToken({ nowMs: START_MS, leftMs: 1800_000 }));
    bench.nowMs += 12_500;
    const identity = await bench.provider.identify(asking({ 'x-auth-token': 'token' }));
    expect(identity?.principal.token).to.include({ ageSeconds: 1812, cachedSeconds: 12 });
    expect(bench.validations()).to.equal(1);
  });

  it('never gives a negative age, whatever Keystone’s clock says', async () => {
    const { token } = await principalOf(projectToken({ nowMs: START_MS, leftMs: 2 * 3600_000 }));
    expect(token?.ageSeconds).to.equal(0);
  });

  it('takes the user of a trust as Keystone names him, and shows the trust', async () => {
    const trust = {
      id: 't-1',
      trustor_user: { id: 'u-1' },
      trustee_user: { id: 'u-2' },
      impersonation: true,
    };
    const principal = await principalOf(projectToken(bench, { 'OS-TRUST:trust': trust }));
    expect(principal.user.id).to.equal('u-1');
    expect(principal.trust).to.deep.equal({
      id: 't-1',
      trustorUserId: 'u-1',
      trusteeUserId: 'u-2',
      impersonation: true,
    });
  });

  it('shows an application credential, and whether rules bind it', async () => {
    const free = await principalOf(credentialToken(bench));
    expect(free.applicationCredential).to.deep.equal({
      id: 'ac-1',
      name: 'ci',
      restricted: true,
      accessRules: false,
    });
    bench.keystone.tokens.set('bound', credentialToken(bench, [['GET', '/v1/secrets']]));
    const bound = await bench.provider.identify(asking({ 'x-auth-token': 'bound' }));
    expect(bound?.principal.applicationCredential?.accessRules).to.equal(true);
    expect(bound?.principal.methods).to.deep.equal(['application_credential']);
  });

  it('shows the groups of a federated user', async () => {
    const groups = [{ id: 'g-2' }, { id: 'g-1' }, { id: 'g-2' }];
    const federation = { groups, identity_provider: { id: 'idp' }, protocol: { id: 'saml2' } };
    const user = {
      id: 'u-f',
      name: 'fed',
      domain: { id: 'Federated', name: 'Federated' },
      'OS-FEDERATION': federation,
    };
    const principal = await principalOf(projectToken(bench, { user, methods: ['saml2'] }));
    expect(principal.groups).to.deep.equal(['g-1', 'g-2']);
    expect(principal.user.domain).to.deep.equal({ id: 'Federated', name: 'Federated' });
  });

  it('shows an OAuth consumer and a bound certificate', async () => {
    const parts = {
      'OS-OAUTH1': { access_token_id: 'a', consumer_id: 'c-1' },
      oauth2_credential: { 'x5t#S256': 'thumb' },
    };
    const principal = await principalOf(projectToken(bench, parts));
    expect([principal.oauth1, principal.oauth2]).to.deep.equal([{ consumerId: 'c-1' }, { x5tS256: 'thumb' }]);
  });

  it('keeps the caller and the service apart', async () => {
    bench.keystone.tokens.set('user', projectToken(bench));
    const system = { system: { all: true }, project: undefined };
    bench.keystone.tokens.set('service', serviceToken(bench, system));
    const identity = await bench.provider.identify(
      asking({ 'x-auth-token': 'user', 'x-service-token': 'service' }),
    );
    expect([identity?.principal.scope, identity?.principal.roles]).to.deep.equal([
      'project',
      ['member', 'reader'],
    ]);
    expect([identity?.service?.scope, identity?.service?.user.id]).to.deep.equal(['system', 'u-nova']);
  });

  it('asks as a service that understands access rules and wants no catalog', async () => {
    await principalOf(projectToken(bench));
    const call = bench.keystone.calls.at(-1);
    expect(call?.headers['openstack-identity-access-rules']).to.equal('1');
    expect(call?.query.has('nocatalog')).to.equal(true);
    expect(call?.query.has('allow_expired')).to.equal(false);
  });

  it('names Keystone’s public address in its challenge, else the one it asks', async () => {
    expect(bench.provider.challenge).to.equal(`Keystone uri="${bench.keystone.url}"`);
    const other = await startKeystoneBench({ www_authenticate_uri: 'https://public.example:5000/v3' });
    expect(other.provider.challenge).to.equal('Keystone uri="https://public.example:5000/v3"');
    await other.stop();
  });
});
