import { expect } from 'chai';
import { BadRequest, ConfigurationError } from '../../src/errors.ts';
import { assertLoopback, createHeadersProvider, headersOptions } from '../../src/identity/headers.ts';
import type { Principal } from '../../src/model/principal.ts';
import { conformsAsIdentityProvider } from '../conformance/identity-provider.ts';
import { asking, rejection } from './keystone-bench.ts';

describe('headers identity provider', () => {
  const provider = createHeadersProvider('dev', headersOptions.parse({ kind: 'headers' }));
  const principal = async (headers: Record<string, string>, by = provider): Promise<Principal> => {
    const identity = await by.identify(asking({ 'x-project-id': 'P', ...headers }));
    if (identity === undefined) throw new Error('not recognised');
    return identity.principal;
  };

  conformsAsIdentityProvider(async () => ({
    provider,
    name: 'dev',
    good: asking({ 'x-project-id': ' P ', 'x-user-id': 'u-1', 'x-roles': 'Reader, member ,READER,,' }),
    bad: {
      'no project': asking({ 'x-user-id': 'u-1' }),
      'an empty project': asking({ 'x-project-id': '  ' }),
    },
    stop: () => provider.close(),
  }));

  it('asks for the project in the original’s words', async () => {
    const error = await rejection(provider.identify(asking({})));
    expect(error).to.be.instanceOf(BadRequest);
    expect((error as BadRequest).message).to.equal('Missing X-Project-Id');
  });

  it('makes a caller who names no roles an admin, as the original', async () => {
    expect((await principal({})).roles).to.deep.equal(['admin']);
  });

  it('takes an empty list of roles for what it says', async () => {
    expect((await principal({ 'x-roles': '' })).roles).to.deep.equal([]);
    expect((await principal({ 'x-roles': ' , ' })).roles).to.deep.equal([]);
  });

  it('never leaves the user out', async () => {
    expect((await principal({})).user.id).to.equal('anonymous');
    expect((await principal({ 'x-user-id': '' })).user.id).to.equal('anonymous');
  });

  it('takes its defaults from the options', async () => {
    const options = headersOptions.parse({
      kind: 'headers',
      default_roles: ['Creator'],
      default_user_id: 'dev-user',
    });
    const other = createHeadersProvider('other', options);
    const { roles, user } = await principal({}, other);
    expect([roles, user.id]).to.deep.equal([['creator'], 'dev-user']);
    expect(() => headersOptions.parse({ kind: 'headers', default_user_id: '' })).to.throw();
    expect(() => headersOptions.parse({ kind: 'headers', unknown: 1 })).to.throw();
  });

  it('reads the domains', async () => {
    const { domain, user, project } = await principal({
      'x-domain-id': 'd-1',
      'x-user-domain-id': 'd-2',
      'x-project-domain-id': 'd-3',
    });
    expect([domain?.id, user.domain.id, project?.domain.id]).to.deep.equal(['d-1', 'd-2', 'd-3']);
  });

  it('gives system scope to whoever sends the header, for the policy to deny', async () => {
    expect((await principal({ 'openstack-system-scope': 'all' })).scope).to.equal('system');
    expect((await principal({})).scope).to.equal('project');
  });
});

describe('assertLoopback', () => {
  for (const host of ['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1', 'localhost']) {
    it(`lets ${host} pass`, () => {
      expect(() => assertLoopback(host)).not.to.throw();
    });
  }

  const open = [
    '0.0.0.0',
    '::',
    '',
    '128.0.0.1',
    '10.0.0.1',
    '::2',
    '127.evil.example',
    'localhost.example',
    '127.1',
    '1',
  ];
  for (const host of open) {
    it(`refuses "${host}"`, () => {
      expect(() => assertLoopback(host)).to.throw(ConfigurationError, 'listen.host');
    });
  }
});
