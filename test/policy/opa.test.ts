import { expect } from 'chai';
import { ask, closeEngines, codes, engineOf } from './engines.ts';
import { BUNDLE, principal, secretTarget } from './samples.ts';

describe('createOpaEngine', () => {
  afterEach(closeEngines);

  describe('with the default policy', () => {
    it('allows with a reason, an id and the revision', async () => {
      const engine = await engineOf({ bundle: BUNDLE });
      const decision = await ask(engine);
      expect(decision).to.deep.include({ allow: true, filter: null, obligations: {} });
      expect(codes(decision)).to.deep.equal(['legacy.creator_owner']);
      expect(decision.id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
      expect(decision.revision)
        .to.equal(engine.revision)
        .and.match(/^sha256-/);
      expect((await ask(engine)).id).to.not.equal(decision.id);
    });

    it('refuses with what was missing', async () => {
      const decision = await ask(await engineOf({ bundle: BUNDLE }), {
        identity: { principal: principal({ roles: ['reader'] }), service: null },
      });
      expect(decision.allow).to.equal(false);
      expect(decision.reasons).to.deep.equal([
        {
          code: 'deny.no_grant',
          detail: 'project_admin creator_owner creator_shared observer_shared acl_read',
        },
      ]);
    });

    it("follows the operator's settings over the bundle's", async () => {
      const legacy = await engineOf({ bundle: BUNDLE });
      const secure = await engineOf({ bundle: BUNDLE, data: { settings: { mode: 'secure' } } });
      expect([legacy.mode, secure.mode]).to.deep.equal(['legacy', 'secure']);
      expect((await ask(secure)).allow).to.equal(false);
      const member = { identity: { principal: principal({ roles: ['member'] }), service: null } };
      expect(codes(await ask(secure, member))).to.deep.equal(['secure.member_owner']);
    });

    it('ends the legacy escalation where the operator says so', async () => {
      const { secret } = secretTarget();
      const peer = {
        action: 'secret_acls:put_patch',
        target: secretTarget({ secret: { ...secret, creatorId: 'u-2' } }),
      };
      const blind = await ask(await engineOf({ bundle: BUNDLE }), peer);
      expect(codes(blind)).to.deep.equal(['legacy.creator_blind']);
      const data = { settings: { acl_endpoint_blind: false } };
      expect((await ask(await engineOf({ bundle: BUNDLE, data }), peer)).allow).to.equal(false);
    });

    it('conceals what is foreign where the operator says so', async () => {
      const identity = {
        principal: principal({
          project: { id: 'p-2', name: null, domain: { id: null, name: null }, tags: [] },
        }),
        service: null,
      };
      const concealing = await engineOf({ bundle: BUNDLE, data: { settings: { conceal: true } } });
      expect((await ask(concealing, { identity })).obligations).to.deep.equal({ conceal: true });
      expect((await ask(await engineOf({ bundle: BUNDLE }), { identity })).obligations).to.deep.equal({});
    });

    it('answers odd text as it answers plain text', async () => {
      const engine = await engineOf({ bundle: BUNDLE });
      const { secret } = secretTarget();
      for (const name of ['\u0000', '\ud800', '\u2028', '"\\', '😀', '__proto__']) {
        const target = secretTarget({ secret: { ...secret, name }, metadata: { [name]: name } });
        expect(codes(await ask(engine, { target })), JSON.stringify(name)).to.deep.equal([
          'legacy.creator_owner',
        ]);
      }
    });
  });
});
