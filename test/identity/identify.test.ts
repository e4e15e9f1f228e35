import { expect } from 'chai';
import { BadRequest, IdentityUnavailable, Unauthenticated } from '../../src/errors.ts';
import { createHeadersProvider, headersOptions } from '../../src/identity/headers.ts';
import { identify } from '../../src/identity/identify.ts';
import { asking, type KeystoneBench, rejection, startKeystoneBench } from './keystone-bench.ts';
import { projectToken, tokenDocument } from './keystone-tokens.ts';

describe('identify', () => {
  const headers = createHeadersProvider('dev', headersOptions.parse({ kind: 'headers' }));
  let bench: KeystoneBench;
  beforeEach(async () => {
    bench = await startKeystoneBench({ www_authenticate_uri: 'https://keys.example/identity' });
    bench.keystone.tokens.set('good', projectToken(bench));
  });
  afterEach(() => bench.stop());

  const challenge = 'Keystone uri="https://keys.example/identity"';
  const refused = async (
    providers: Parameters<typeof identify>[0],
    sent: Record<string, string>,
  ): Promise<Unauthenticated> => {
    const error = await rejection(identify(providers, asking(sent)));
    expect(error).to.be.instanceOf(Unauthenticated);
    return error as Unauthenticated;
  };

  it('takes the answer of the first provider that knows the credential', async () => {
    const sent = { 'x-auth-token': 'good', 'x-project-id': 'Q' };
    const first = await identify([bench.provider, headers], asking(sent));
    const second = await identify([headers, bench.provider], asking(sent));
    expect([first.principal.issuer, first.principal.project?.id]).to.deep.equal(['ks', 'P']);
    expect([second.principal.issuer, second.principal.project?.id]).to.deep.equal(['dev', 'Q']);
  });

  it('asks the next provider when one says "not mine"', async () => {
    const { principal } = await identify([bench.provider, headers], asking({ 'x-project-id': 'Q' }));
    expect(principal.issuer).to.equal('dev');
  });

  it('does not ask the next provider once one has refused', async () => {
    await refused([bench.provider, headers], { 'x-auth-token': 'unknown', 'x-project-id': 'Q' });
  });

  it('answers no credential with the challenge', async () => {
    const error = await refused([bench.provider], {});
    expect(error.headers).to.deep.equal({ 'WWW-Authenticate': challenge });
    expect(error.status).to.equal(401);
  });

  it('adds the challenge to a provider’s refusal', async () => {
    const error = await refused([bench.provider], { 'x-auth-token': 'unknown' });
    expect(error.headers).to.deep.equal({ 'WWW-Authenticate': challenge });
    expect(error.detail).to.equal('the identity service knows no such token');
  });

  it('has no challenge to give when no provider has one', async () => {
    const error = await refused([], {});
    expect(error.headers).to.deep.equal({});
  });

  it('borrows another provider’s challenge when the refusing one has none', async () => {
    const mute = { ...bench.provider, challenge: undefined };
    const error = await refused([mute, bench.provider], { 'x-auth-token': 'unknown' });
    expect(error.headers).to.deep.equal({ 'WWW-Authenticate': challenge });
  });

  for (const [scope, parts] of Object.entries({
    none: {},
    domain: { domain: { id: 'd-1', name: 'D' }, roles: [{ id: 'r', name: 'admin' }] },
    system: { system: { all: true }, roles: [{ id: 'r', name: 'admin' }] },
  })) {
    it(`refuses a token of scope ${scope}: there is no project`, async () => {
      bench.keystone.tokens.set('scoped', tokenDocument(bench, parts));
      const identity = await bench.provider.identify(asking({ 'x-auth-token': 'scoped' }));
      expect([identity?.principal.scope, identity?.principal.project]).to.deep.equal([scope, null]);
      const error = await refused([bench.provider], { 'x-auth-token': 'scoped' });
      expect(error.headers).to.deep.equal({ 'WWW-Authenticate': challenge });
      expect(error.detail).to.contain(`scope: ${scope}`);
    });
  }

  it('refuses a principal without a user or with an empty project', async () => {
    bench.keystone.tokens.set('no-user', projectToken(bench, { user: { id: '', name: 'ghost' } }));
    bench.keystone.tokens.set('no-project', projectToken(bench, { project: { id: '', name: 'nowhere' } }));
    expect((await refused([bench.provider], { 'x-auth-token': 'no-user' })).detail).to.contain('no user');
    expect((await refused([bench.provider], { 'x-auth-token': 'no-project' })).detail).to.contain('project');
  });

  it('passes other errors on as they are', async () => {
    expect(await rejection(identify([headers], asking({})))).to.be.instanceOf(BadRequest);
    await bench.keystone.stop();
    const down = await rejection(identify([bench.provider], asking({ 'x-auth-token': 'good' })));
    expect(down).to.be.instanceOf(IdentityUnavailable);
  });
});
