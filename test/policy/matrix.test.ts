import { expect } from 'chai';
import type { PolicyEngine } from '../../src/policy/engine.ts';
import { createOpaEngine } from '../../src/policy/opa.ts';
import { DEVIATIONS, matrixCases } from './matrix-cases.ts';
import { BUNDLE } from './samples.ts';

describe('the default policy against every answer the original gave', () => {
  const cases = matrixCases();
  let engines: Readonly<Record<'legacy' | 'secure', PolicyEngine>>;

  before(async () => {
    engines = {
      legacy: await createOpaEngine({ bundle: BUNDLE, data: { settings: { mode: 'legacy' } } }),
      secure: await createOpaEngine({ bundle: BUNDLE, data: { settings: { mode: 'secure' } } }),
    };
  });

  after(() => Promise.all([engines.legacy.close(), engines.secure.close()]));

  for (const tier of ['core', 'edge', 'roles', 'list', 'authn', 'grid']) {
    it(`says the same in every row of ${tier}`, async () => {
      const different: string[] = [];
      for (const { id, mode, input, allow } of cases.filter((row) => row.tier === tier)) {
        const decision = await engines[mode].decide(input);
        if (decision.allow !== allow) different.push(`${id} ${mode}: ${decision.reasons[0]?.code}`);
      }
      expect(different).to.deep.equal([]);
    });
  }

  it('plays every row on which the policy had a say', () => {
    expect(new Set(cases.map(({ id }) => id)).size).to.equal(5696);
    expect(cases.filter(({ allow }) => allow)).to.have.lengthOf.above(1800);
  });

  it('knows all 48 rules', () => {
    expect(new Set(cases.map(({ input }) => input.action)).size).to.equal(48);
  });

  it('deviates only where a row says why', () => {
    const ids = new Set(cases.map(({ id }) => id));
    for (const [id, { reason }] of DEVIATIONS) {
      expect(ids.has(id), id).to.equal(true);
      expect(reason).to.not.equal('');
    }
  });

  it('lists the own project, or what is shared with the caller by name', async () => {
    for (const { mode, input, allow, variant } of cases.filter(({ tier }) => tier === 'list')) {
      const { filter } = await engines[mode].decide(input);
      const { user, project } = input['principal'] as Record<string, { readonly id: string }>;
      const expected =
        variant === 'acl_only=true'
          ? { type: 'field', operator: 'contains', field: 'acl.read.users', value: user?.id }
          : { type: 'field', operator: 'eq', field: 'project_id', value: project?.id };
      expect(filter).to.deep.equal(allow ? expected : null);
    }
  });

  it('refuses every row when the token is not scoped to a project', async () => {
    for (const { mode, input } of cases.filter(({ tier }) => tier === 'core')) {
      const principal = { ...(input['principal'] as object), scope: 'system' };
      const decision = await engines[mode].decide({ ...input, principal });
      expect(decision.allow).to.equal(false);
    }
  });
});
