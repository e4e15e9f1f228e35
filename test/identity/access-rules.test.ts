import { expect } from 'chai';
import { isAllowedByRules, matchesPath } from '../../src/identity/keystone/access-rules.ts';

const MATCHES: readonly (readonly [pattern: string, path: string])[] = [
  ['/v1/secrets', '/v1/secrets'],
  ['/v1/secrets/*', '/v1/secrets/abc'],
  ['/v1/secrets/{id}', '/v1/secrets/abc'],
  ['/v1/secrets/{}', '/v1/secrets/abc'],
  ['/v1/secrets/{secret_id}/payload', '/v1/secrets/abc/payload'],
  ['/v1/*/*/payload', '/v1/secrets/abc/payload'],
  ['/v1/secrets/**', '/v1/secrets/abc/payload'],
  ['/v1/secrets/**', '/v1/secrets/'],
  ['/v1/secrets**', '/v1/secrets'],
  ['**', ''],
  ['**', '/anything/at/all'],
  ['**/payload', '/v1/secrets/abc/payload'],
  ['/v1/**/payload', '/v1/secrets/abc/payload'],
  ['/v1/secrets/a*c', '/v1/secrets/abbbc'],
  ['/v1/secrets/{a}-{b}', '/v1/secrets/x-y-z'],
  ['/v1/***', '/v1/a'],
  ['/a/****/b', '/a/x/y/b'],
  ['/a+(b)[c]^$|\\', '/a+(b)[c]^$|\\'],
  ['/a{b', '/a{b'],
  ['/a}b', '/a}b'],
];

const MISSES: readonly (readonly [pattern: string, path: string])[] = [
  ['/v1/secrets', '/v1/secrets/'],
  ['/v1/secrets', '/v1/secrets/abc'],
  ['/v1/secrets', '/prefix/v1/secrets'],
  ['/v1/secrets/**', '/v1/secrets'],
  ['/v1/secrets/*', '/v1/secrets/'],
  ['/v1/secrets/*', '/v1/secrets/abc/payload'],
  ['/v1/secrets/{id}', '/v1/secrets/'],
  ['/v1/secrets/{id}', '/v1/secrets/a/b'],
  ['/v1/secrets.json', '/v1/secretsXjson'],
  ['/v1/secret.', '/v1/secrets'],
  ['/v1/secrets?', '/v1/secret'],
  ['/v1/[a-z]+', '/v1/secrets'],
  ['/v1/a|b', '/v1/a'],
  ['/v1/(secrets)', '/v1/secrets'],
  ['/v1/Secrets', '/v1/secrets'],
  ['/v1/***', '/v1/'],
  ['', '/v1/secrets'],
  ['*', '/v1'],
  ['*', ''],
  ['/a{b', '/aXb'],
];

describe('access rules of application credentials', () => {
  for (const [pattern, path] of MATCHES) {
    it(`"${pattern}" covers "${path}"`, () => {
      expect(matchesPath(pattern, path)).to.equal(true);
    });
  }

  for (const [pattern, path] of MISSES) {
    it(`"${pattern}" does not cover "${path}"`, () => {
      expect(matchesPath(pattern, path)).to.equal(false);
    });
  }

  const rule = { method: 'GET', service: 'key-manager', path: '/v1/secrets' };
  const access = { method: 'GET', path: '/v1/secrets' };

  it('allow what one of them names in full', () => {
    const other = { ...rule, path: '/v1/orders' };
    expect(isAllowedByRules([other, rule], 'key-manager', access)).to.equal(true);
  });

  it('compare method and service exactly', () => {
    expect(isAllowedByRules([{ ...rule, method: 'get' }], 'key-manager', access)).to.equal(false);
    expect(isAllowedByRules([{ ...rule, method: 'POST' }], 'key-manager', access)).to.equal(false);
    expect(isAllowedByRules([{ ...rule, service: 'compute' }], 'key-manager', access)).to.equal(false);
  });

  it('allow nothing when there are none', () => {
    expect(isAllowedByRules([], 'key-manager', access)).to.equal(false);
  });

  it('do not put two rules together into one', () => {
    const rules = [
      { ...rule, method: 'POST' },
      { ...rule, path: '/v1/orders' },
    ];
    expect(isAllowedByRules(rules, 'key-manager', access)).to.equal(false);
  });

  it('cannot be made to take long', () => {
    const begun = performance.now();
    expect(matchesPath(`${'**a*'.repeat(32)}b`, `/${'a'.repeat(8000)}`)).to.equal(false);
    expect(performance.now() - begun).to.be.lessThan(2000);
  });
});
