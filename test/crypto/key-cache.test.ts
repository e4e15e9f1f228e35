import { expect } from 'chai';
import { createKeyCache } from '../../src/crypto/key-cache.ts';

describe('the cache of unwrapped keys', () => {
  it('forgets a key when its time is over, however often it is used', () => {
    let clock = 0;
    const cache = createKeyCache<string, number>({ maxEntries: 2, ttlMs: 100, clockMs: () => clock });
    cache.set('a', 1);
    for (clock = 0; clock < 100; clock += 10) expect(cache.get('a')).to.equal(1);
    expect(cache.get('a')).to.equal(undefined);
    cache.set('a', 2);
    expect(cache.get('a')).to.equal(2);
  });

  it('forgets the least recently used key first', () => {
    const cache = createKeyCache<string, number>({ maxEntries: 2, ttlMs: 100, clockMs: () => 0 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).to.deep.equal([1, undefined, 3]);
  });

  it('does not count a key that is set again twice', () => {
    const cache = createKeyCache<string, number>({ maxEntries: 2, ttlMs: 100, clockMs: () => 0 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('b', 3);
    expect([cache.get('a'), cache.get('b')]).to.deep.equal([1, 3]);
  });

  it('forgets everything when cleared', () => {
    const cache = createKeyCache<string, number>({ maxEntries: 2, ttlMs: 100 });
    cache.set('a', 1);
    expect(cache.get('a')).to.equal(1);
    cache.clear();
    expect(cache.get('a')).to.equal(undefined);
  });
});
