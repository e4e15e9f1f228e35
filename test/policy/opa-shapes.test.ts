import { expect } from 'chai';
import type { PolicyEngine } from '../../src/policy/engine.ts';
import { policyInput } from '../../src/policy/input.ts';
import { ask, closeEngines, codes, engineOf } from './engines.ts';
import { fixture, question } from './samples.ts';

describe('createOpaEngine', () => {
  afterEach(closeEngines);

  describe('with a policy that answers wrongly', () => {
    const errors: Error[] = [];
    let engine: PolicyEngine;
    beforeEach(async () => {
      errors.length = 0;
      engine = await engineOf({ bundle: fixture('shapes.tar.gz'), onError: (error) => errors.push(error) });
    });

    const shapes: Readonly<Record<string, string>> = {
      nothing: 'deny.policy_shape',
      text: 'deny.policy_shape',
      array: 'deny.policy_shape',
      'allow-text': 'deny.policy_shape',
      'no-reason': 'deny.policy_shape',
      'reason-text': 'deny.policy_shape',
      'reason-extra': 'deny.policy_shape',
      'no-obligations': 'deny.policy_shape',
      'extra-member': 'deny.policy_shape',
      'odd-obligation': 'deny.policy_shape',
      'needless-filter': 'deny.policy_shape',
      'secrets:get': 'deny.policy_shape',
      'many-reasons': 'deny.policy_shape',
      'unknown-obligation': 'deny.unknown_obligation',
      'prototype-obligation': 'deny.unknown_obligation',
      conflict: 'deny.policy_error',
      greedy: 'deny.policy_error',
    };
    for (const [action, code] of Object.entries(shapes)) {
      it(`refuses: ${action}`, async () => {
        const decision = await ask(engine, { action });
        expect(decision).to.deep.include({ allow: false, filter: null, obligations: {} });
        expect(codes(decision)).to.deep.equal([code]);
        expect(decision.id).to.not.equal('');
        expect(codes(await ask(engine, { action: 'fine' }))).to.deep.equal(['shapes.fine']);
        expect(errors.length).to.equal(code === 'deny.policy_error' ? 1 : 0);
      });
    }

    it('takes what is in order', async () => {
      expect((await ask(engine, { action: 'containers:get' })).filter).to.deep.include({ type: 'field' });
      expect(codes(await ask(engine, { action: 'orders:get' }))).to.deep.equal(['shapes.refused']);
      expect((await ask(engine, { action: 'all-obligations' })).obligations).to.deep.equal({
        conceal: false,
        store: 'hsm',
        redact: ['name'],
        audit: 'sync',
        warn: 'soon',
      });
    });

    it('refuses an input over 64 KiB, and takes one of just that', async () => {
      const pathOf = (path: string) => ({ action: 'echo', request: { ...question().request, path } });
      const size = Buffer.byteLength(JSON.stringify(policyInput(question(pathOf('')))));
      const room = 'x'.repeat(64 * 1024 - size);
      expect(codes(await ask(engine, pathOf(room)))).to.deep.equal([room]);
      expect(codes(await ask(engine, pathOf(`${room}x`)))).to.deep.equal(['deny.input_too_large']);
      expect(errors).to.deep.equal([]);
    });

    it('refuses an input that is no JSON', async () => {
      const endless: Record<string, unknown> = {};
      endless['self'] = endless;
      const decision = await engine.decide({ schema: 1, action: 'fine', endless });
      expect(codes(decision)).to.deep.equal(['deny.policy_error']);
    });

    it('stays a refusal when whoever listens to errors fails', async () => {
      const deaf = await engineOf({
        bundle: fixture('shapes.tar.gz'),
        onError: () => {
          throw new Error('deaf');
        },
      });
      expect(codes(await ask(deaf, { action: 'conflict' }))).to.deep.equal(['deny.policy_error']);
    });

    it('answers all of many questions at once', async () => {
      const actions = ['fine', 'conflict', 'text', 'echo', 'greedy', 'orders:get'];
      const decisions = await Promise.all(actions.map((action) => ask(engine, { action })));
      expect(decisions.map(({ allow }) => allow)).to.deep.equal([true, false, false, true, false, false]);
    });
  });
});
