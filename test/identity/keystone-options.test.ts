import { expect } from 'chai';
import { z } from 'zod';
import { ConfigurationError } from '../../src/errors.ts';
import { headersOptions } from '../../src/identity/headers.ts';
import { createKeystoneProvider } from '../../src/identity/keystone/keystone-provider.ts';
import { keystoneOptions, loginRequest } from '../../src/identity/keystone/options.ts';
import { optionsFor } from './keystone-bench.ts';

const URL_TEXT = 'http://127.0.0.1:5000/v3';
const PASSWORD = { username: 'postern', password: 'pw', project_name: 'service' };

const parse = (options: object): unknown =>
  keystoneOptions.parse({ kind: 'keystone', auth_url: URL_TEXT, ...options });

describe('Keystone options', () => {
  it('have the documented defaults', () => {
    expect(parse(PASSWORD)).to.deep.equal({
      kind: 'keystone',
      name: 'keystone',
      auth_url: URL_TEXT,
      ...PASSWORD,
      insecure: false,
      timeout: 5,
      connect_timeout: 2,
      max_retries: 3,
      token_cache_time: 300,
      token_cache_size: 10_000,
      service_token_roles: ['service'],
      service_type: 'key-manager',
    });
  });

  it('stand in a union of kinds', () => {
    const union = z.discriminatedUnion('kind', [keystoneOptions, headersOptions]);
    expect(union.parse({ kind: 'headers' })).to.have.property('default_user_id', 'anonymous');
    expect(union.parse({ kind: 'keystone', auth_url: URL_TEXT, ...PASSWORD })).to.have.property('timeout', 5);
    expect(() => union.parse({ kind: 'keystone', auth_url: URL_TEXT })).to.throw('password');
  });

  const FAULTS: Readonly<Record<string, object>> = {
    'username is missing': { password: 'pw', project_name: 'service' },
    'password is missing': { username: 'postern', project_name: 'service' },
    'project_name is missing': { username: 'postern', password: 'pw' },
    'not both': { ...PASSWORD, application_credential_id: 'i', application_credential_secret: 's' },
    'needs application_credential_id': { application_credential_secret: 's' },
    user_domain_id: { ...PASSWORD, user_domain_id: 'a', user_domain_name: 'b' },
    project_domain_id: { ...PASSWORD, project_domain_id: 'a', project_domain_name: 'b' },
    certfile: { ...PASSWORD, certfile: 'a.pem' },
    keyfile: { ...PASSWORD, keyfile: 'a.key' },
    Unrecognized: { ...PASSWORD, delay_auth_decision: true },
    credentials: { ...PASSWORD, auth_url: 'http://postern:pw@127.0.0.1:5000' },
    'http or https': { ...PASSWORD, auth_url: 'ftp://127.0.0.1/' },
    www_authenticate_uri: { ...PASSWORD, www_authenticate_uri: 'http://host/"\r\nX-Evil: 1' },
    timeout: { ...PASSWORD, timeout: 0 },
  };
  for (const [fault, options] of Object.entries(FAULTS)) {
    it(`are refused with "${fault}"`, () => {
      expect(() => parse(options)).to.throw(fault);
    });
  }

  it('name a TLS file that cannot be read', () => {
    const options = optionsFor('https://127.0.0.1:5000', { cafile: 'no/such/ca.pem' });
    const create = (): unknown => createKeystoneProvider('ks', options, { clock: Date.now });
    expect(create).to.throw(ConfigurationError, 'cafile "no/such/ca.pem"');
  });
});

describe('Keystone login', () => {
  const login = (options: object): unknown =>
    loginRequest(keystoneOptions.parse({ kind: 'keystone', auth_url: URL_TEXT, ...options }));

  it('by password names user, project and their domains', () => {
    expect(login({ ...PASSWORD, user_domain_name: 'Ops', project_domain_id: 'd-1' })).to.deep.equal({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'postern', domain: { name: 'Ops' }, password: 'pw' } },
        },
        scope: { project: { name: 'service', domain: { id: 'd-1' } } },
      },
    });
  });

  it('by password falls back to the default domain', () => {
    expect(login(PASSWORD)).to.have.nested.property('auth.scope.project.domain.id', 'default');
    expect(login(PASSWORD)).to.have.nested.property('auth.identity.password.user.domain.id', 'default');
  });

  it('by application credential names no scope', () => {
    expect(login({ application_credential_id: 'i', application_credential_secret: 's' })).to.deep.equal({
      auth: {
        identity: { methods: ['application_credential'], application_credential: { id: 'i', secret: 's' } },
      },
    });
  });

  it('by the name of an application credential names its user', () => {
    const options = {
      application_credential_name: 'n',
      application_credential_secret: 's',
      username: 'postern',
    };
    expect(login({ ...options, user_domain_name: 'Ops' }))
      .to.have.nested.property('auth.identity.application_credential')
      .that.deep.equals({ name: 'n', secret: 's', user: { name: 'postern', domain: { name: 'Ops' } } });
  });
});
