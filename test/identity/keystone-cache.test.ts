import { expect } from 'chai';
import { Unauthenticated } from '../../src/errors.ts';
import { createTokenCache } from '../../src/identity/keystone/token-cache.ts';
import type { Identity } from '../../src/model/principal.ts';
import { reply } from './fake-keystone.ts';
import {
  asking,
  type KeystoneBench,
  rejection,
  type RawOptions,
  startKeystoneBench,
} from './keystone-bench.ts';
import { HOUR_MS, projectToken, serviceToken } from './keystone-tokens.ts';

describe('validated Keystone tokens', () => {
  let bench: KeystoneBench;
  const open = async (options: RawOptions = {}): Promise<void> => {
    bench = await startKeystoneBench(options);
    bench.keystone.tokens.set('user', projectToken(bench));
    bench.keystone.tokens.set('service', serviceToken({ nowMs: bench.nowMs, leftMs: 4 * HOUR_MS }));
  };
  afterEach(() => bench.stop());

  const ask = async (token = 'user'): Promise<Identity | undefined> =>
    bench.provider.identify(asking({ 'x-auth-token': token }));
  const askVouched = async (token = 'user'): Promise<Identity | undefined> =>
    bench.provider.identify(asking({ 'x-auth-token': token, 'x-service-token': 'service' }));
  const questionsFor = (token: string): number =>
    bench.keystone.calls.filter(({ headers }) => headers['x-subject-token'] === token).length;

  it('are asked about once within the time to live', async () => {
    await open({ token_cache_time: 60 });
    await ask();
    bench.nowMs += 59_999;
    await ask();
    expect(bench.validations()).to.equal(1);
    bench.nowMs += 1;
    await ask();
    expect(bench.validations()).to.equal(2);
  });

  it('work for five minutes unless told otherwise: a revoked one stops then', async () => {
    await open();
    await ask();
    bench.keystone.tokens.delete('user');
    bench.nowMs += 299_999;
    await ask();
    bench.nowMs += 1;
    expect(await rejection(ask())).to.be.instanceOf(Unauthenticated);
  });

  it('go on while Keystone is down', async () => {
    await open();
    await ask();
    await bench.keystone.stop();
    expect((await ask())?.principal.user.id).to.equal('u-1');
  });

  for (const off of [0, -1]) {
    it(`are asked about every time with token_cache_time ${off}`, async () => {
      await open({ token_cache_time: off });
      await ask();
      await ask();
      expect(bench.validations()).to.equal(2);
    });
  }

  it('are never remembered as bad', async () => {
    await open();
    await rejection(ask('late'));
    bench.keystone.tokens.set('late', projectToken(bench));
    expect((await ask('late'))?.principal.user.id).to.equal('u-1');
  });

  it('are compared with the clock at every use, without asking', async () => {
    await open({ token_cache_time: 86_400 });
    await ask();
    bench.nowMs += HOUR_MS - 1;
    await ask();
    bench.nowMs += 1;
    expect(await rejection(ask())).to.be.instanceOf(Unauthenticated);
    expect(bench.validations()).to.equal(1);
  });

  it('are asked about once by all who come at the same time', async () => {
    await open();
    const identities = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(bench.validations()).to.equal(1);
    expect(new Set(identities.map((identity) => identity?.principal.user.id))).to.deep.equal(
      new Set(['u-1']),
    );
  });

  it('fail together, and are asked about anew afterwards', async () => {
    await open();
    bench.keystone.spoil = (call, response) => call.method === 'GET' && reply(response, 500, '');
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => ask()));
    expect(outcomes.filter(({ status }) => status === 'rejected')).to.have.lengthOf(10);
    expect(bench.validations()).to.equal(1);
    bench.keystone.spoil = undefined;
    await ask();
    expect(bench.validations()).to.equal(2);
  });

  it('that a service vouched for help nobody without one', async () => {
    await open();
    bench.keystone.tokens.set('old', projectToken({ nowMs: bench.nowMs, leftMs: -1000 }));
    const identity = await askVouched('old');
    expect(identity?.principal.token).to.include({ expired: true });
    await askVouched('old');
    expect(questionsFor('old')).to.equal(1);
    expect(await rejection(ask('old'))).to.be.instanceOf(Unauthenticated);
  });

  it('that a service vouched for are asked about once more when they come alone', async () => {
    await open();
    await askVouched();
    await ask();
    expect(questionsFor('user')).to.equal(2);
    expect(bench.keystone.calls.at(-1)?.query.has('allow_expired')).to.equal(false);
    await askVouched();
    await ask();
    expect(questionsFor('user')).to.equal(2);
  });

  it('that expired in the cache are vouched for anew', async () => {
    await open({ token_cache_time: 86_400 });
    await ask();
    bench.nowMs += HOUR_MS;
    expect((await askVouched())?.principal.token).to.include({ expired: true, cachedSeconds: 0 });
    expect(bench.keystone.calls.at(-1)?.query.get('allow_expired')).to.equal('1');
    expect(await rejection(ask())).to.be.instanceOf(Unauthenticated);
  });

  it('of a service expire by the clock too, and take the request with them', async () => {
    await open({ token_cache_time: 86_400 });
    await askVouched();
    bench.nowMs += 4 * HOUR_MS;
    bench.keystone.tokens.set('fresh', projectToken(bench));
    expect(await rejection(askVouched('fresh'))).to.be.instanceOf(Unauthenticated);
  });

  it('past Keystone’s window are refused even beside a service token', async () => {
    await open();
    bench.keystone.tokens.set('ancient', projectToken({ nowMs: bench.nowMs, leftMs: -49 * HOUR_MS }));
    expect(await rejection(askVouched('ancient'))).to.be.instanceOf(Unauthenticated);
  });

  it('leave when the cache is full', async () => {
    await open({ token_cache_size: 2 });
    for (const token of ['a', 'b', 'c']) bench.keystone.tokens.set(token, projectToken(bench));
    for (const token of ['a', 'b', 'a', 'c']) await ask(token);
    await ask('a');
    expect(questionsFor('a')).to.equal(1);
    await ask('b');
    expect(questionsFor('b')).to.equal(2);
  });
});

describe('token cache', () => {
  it('never holds more than its capacity', () => {
    const cache = createTokenCache<number>(10, 1000);
    for (let key = 0; key < 1000; key += 1) {
      cache.put(`k${key}`, key, 0);
      if (key % 3 === 0) cache.find(`k${key}`, 0);
    }
    const held = Array.from({ length: 1000 }, (_, key) => cache.find(`k${key}`, 0)).filter(
      (value) => value !== undefined,
    );
    expect(held).to.have.lengthOf(10);
  });

  it('makes room even when everything in it was used', () => {
    const cache = createTokenCache<number>(3, 1000);
    for (const key of ['a', 'b', 'c']) cache.put(key, 1, 0);
    for (const key of ['a', 'b', 'c']) cache.find(key, 0);
    cache.put('d', 2, 0);
    expect(cache.find('d', 0)).to.equal(2);
    expect(cache.find('a', 0)).to.equal(undefined);
    expect(cache.find('b', 0)).to.equal(1);
  });

  it('replaces a value in its own place', () => {
    const cache = createTokenCache<number>(2, 1000);
    cache.put('a', 1, 0);
    cache.put('b', 1, 0);
    cache.put('a', 2, 0);
    expect([cache.find('a', 0), cache.find('b', 0)]).to.deep.equal([2, 1]);
  });
});
