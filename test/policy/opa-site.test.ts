import { expect } from 'chai';
import type { Question } from '../../src/policy/input.ts';
import type { OpaOptions } from '../../src/policy/opa.ts';
import { ask, closeEngines, codes, engineOf } from './engines.ts';
import { fixture, principal, question, secretTarget } from './samples.ts';

describe('createOpaEngine', () => {
  afterEach(closeEngines);

  describe('with rules of a site', () => {
    const site = (data: OpaOptions['data'] = {}) => engineOf({ bundle: fixture('site.tar.gz'), data });
    const requestTo = (route: string): Partial<Question> => ({ request: { ...question().request, route } });

    it('lets one denial outweigh every grant', async () => {
      const environment = { ...question().environment, maintenance: true };
      const decision = await ask(await site(), { environment });
      expect(decision.reasons).to.deep.equal([{ code: 'site.maintenance', detail: 'payloads are closed' }]);
      expect(decision.allow).to.equal(false);
    });

    it('tells an absent service from another one', async () => {
      const target = secretTarget({ metadata: { service: 'u-7' } });
      const service = principal({
        user: { id: 'u-7', name: 'octavia', domain: { id: null, name: null } },
      });
      const engine = await site();
      expect(codes(await ask(engine, { target }))).to.deep.equal(['site.service_only']);
      const identity = { principal: principal(), service };
      expect((await ask(engine, { target, identity })).allow).to.equal(true);
      expect((await ask(engine, { target, identity: { ...identity, service: principal() } })).allow).to.equal(
        false,
      );
    });

    it('widens by a grant of its own name', async () => {
      const identity = { principal: principal({ roles: ['audit'] }), service: null };
      const engine = await site();
      expect(codes(await ask(engine, { action: 'secret:get', identity }))).to.deep.equal(['site.auditor']);
      expect((await ask(engine, { action: 'secret:delete', identity })).allow).to.equal(false);
    });

    it('obliges, and merges what several rules oblige', async () => {
      const engine = await site();
      expect((await ask(engine)).obligations).to.deep.equal({ audit: 'sync' });
      const { secret } = secretTarget();
      const target = secretTarget({ secret: { ...secret, store: 'old' } });
      expect((await ask(engine, { target })).obligations).to.deep.equal({
        audit: 'sync',
        warn: 'this store is going away',
      });
    });

    const newKey: Partial<Question> = {
      action: 'secrets:post',
      target: {
        type: 'new-secret',
        attributes: {
          name: null,
          secretType: 'private',
          algorithm: null,
          bitLength: null,
          mode: null,
          expiresAt: null,
          payloadContentType: null,
          payloadSize: null,
        },
      },
    };

    it("places by the site's data, which the operator may change", async () => {
      expect((await ask(await site(), newKey)).obligations).to.deep.equal({ store: 'hsm' });
      const moved = await site({ placement: { private: 'hsm-2' } });
      expect((await ask(moved, newKey)).obligations).to.deep.equal({ store: 'hsm-2' });
    });

    it('refuses where two rules oblige differently', async () => {
      const decision = await ask(await site(), { ...newKey, ...requestTo('/v1/conflict') });
      expect(decision.reasons).to.deep.equal([{ code: 'deny.obligation_conflict', detail: 'store' }]);
    });

    const PLACES: readonly [given: readonly unknown[], left: unknown][] = [
      [[['hsm-2', 'hsm']], ['hsm-2', 'hsm']],
      [
        [
          ['c', 'b', 'a'],
          ['c', 'a'],
        ],
        ['c', 'a'],
      ],
      [
        [
          ['c', 'b', 'a'],
          ['a', 'c'],
        ],
        ['a', 'c'],
      ],
      [['hsm', ['hsm-2', 'hsm']], 'hsm'],
      [['hsm', ['hsm-2']], undefined],
      [[['hsm'], ['hsm-2']], undefined],
      [[[]], undefined],
      [[5], undefined],
    ];
    for (const [given, left] of PLACES) {
      it(`leaves of the stores ${JSON.stringify(given)}: ${left === undefined ? 'none' : JSON.stringify(left)}`, async () => {
        const engine = await site({ allowed: { '/v1/among': given } });
        const decision = await ask(engine, requestTo('/v1/among'));
        expect(decision.allow).to.equal(left !== undefined);
        expect(decision.obligations.store).to.deep.equal(left);
        if (left === undefined) expect(codes(decision)).to.deep.equal(['deny.obligation_conflict']);
      });
    }

    it('refuses names of stores that are none', async () => {
      const decision = await ask(
        await site({ allowed: { '/v1/among': [['hsm', 5]] } }),
        requestTo('/v1/among'),
      );
      expect(codes(decision)).to.deep.equal(['deny.policy_shape']);
    });

    it('refuses an obligation nobody here can keep', async () => {
      const decision = await ask(await site(), requestTo('/v1/dance'));
      expect(decision.reasons).to.deep.equal([{ code: 'deny.unknown_obligation', detail: 'dance' }]);
      expect(decision.allow).to.equal(false);
    });
  });
});
