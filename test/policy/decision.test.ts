import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { readDecision } from '../../src/policy/decision.ts';

const schemaPath = new URL('../../policies/schema/decision.json', import.meta.url);
const schema = JSON.parse(readFileSync(schemaPath, 'utf8')) as object;
const published = new Ajv({ allowUnionTypes: true }).compile(schema);

const fine = { allow: true, reasons: [{ code: 'a' }], filter: null, obligations: {} };
const field = { type: 'field', operator: 'eq', field: 'project_id', value: 'p-1' };
const nest = (depth: number): unknown =>
  depth === 0 ? field : { type: 'compound', operator: 'not', value: [nest(depth - 1)] };

const read = (results: unknown, action = 'secret:get') => readDecision(results, action, 'd-1', 'r-1');
const list = (filter: unknown) => read([{ result: { ...fine, filter } }], 'secrets:get');

describe('readDecision', () => {
  it('gives a decision its id and revision', () => {
    expect(read([{ result: fine }])).to.deep.equal({ ...fine, id: 'd-1', revision: 'r-1' });
  });

  const none: readonly unknown[] = [
    undefined,
    null,
    'text',
    {},
    [],
    [{}],
    [{ result: 1 }],
    [{ result: null }],
  ];
  for (const results of [...none, [{ result: fine }, { result: fine }]]) {
    it(`refuses what is not one result: ${JSON.stringify(results)}`, () => {
      const { allow, reasons } = read(results);
      expect({ allow, code: reasons[0]?.code }).to.deep.equal({ allow: false, code: 'deny.policy_shape' });
    });
  }

  const odd: readonly object[] = [
    { allow: 1 },
    { reasons: {} },
    { reasons: [{ code: '' }] },
    { reasons: [{ code: 'a', detail: 1 }] },
    { reasons: [null] },
    { obligations: null },
    { obligations: [] },
    { filter: undefined },
    { filter: field },
    ...['', [], [''], ['hsm', 1], [['hsm']], { hsm: true }, null].map((store) => ({
      obligations: { store },
    })),
    { obligations: { redact: 'name' } },
    { obligations: { redact: [1] } },
    { obligations: { audit: 'loud' } },
    { obligations: { warn: 1 } },
  ];
  for (const change of odd) {
    it(`refuses an odd member: ${JSON.stringify(change)}`, () => {
      const result = { ...fine, ...change };
      expect(read([{ result }])).to.deep.include({ allow: false, obligations: {}, filter: null });
      expect(read([{ result }]).reasons[0]?.code).to.equal('deny.policy_shape');
    });
  }

  for (const store of ['hsm', ['hsm'], ['vault', 'hsm']]) {
    it(`takes a place for payloads: ${JSON.stringify(store)}`, () => {
      const result = { ...fine, obligations: { store } };
      expect(read([{ result }])).to.deep.include({ allow: true, obligations: { store } });
      expect(published(result)).to.equal(true);
    });
  }

  it('keeps the obligations of a refusal', () => {
    const result = { ...fine, allow: false, obligations: { conceal: true } };
    expect(read([{ result }])).to.deep.include({ allow: false, obligations: { conceal: true } });
  });

  const filters: readonly unknown[] = [
    field,
    nest(7),
    { type: 'const', value: false },
    { type: 'field', operator: 'in', field: 'store', value: ['a', 'b'] },
    { type: 'field', operator: 'eq', field: 'expires_at', value: null },
    { type: 'compound', operator: 'or', value: [field, field] },
  ];
  for (const filter of filters) {
    it(`takes a filter: ${JSON.stringify(filter).slice(0, 80)}`, () => {
      expect(list(filter)).to.deep.include({ allow: true, filter });
      expect(published({ ...fine, filter })).to.equal(true);
    });
  }

  const noFilters: readonly unknown[] = [
    null,
    undefined,
    [],
    {},
    { type: 'const', value: 'true' },
    { type: 'const', value: true, more: 1 },
    { type: 'regex', value: 'x' },
    { ...field, operator: 'like' },
    { ...field, field: 'payload' },
    { ...field, field: 'constructor' },
    { ...field, value: { eq: 1 } },
    { ...field, value: ['p-1'] },
    { ...field, value: null, operator: 'lt' },
    { ...field, operator: 'in' },
    { ...field, operator: 'in', value: [null] },
    { ...field, more: 1 },
    { type: 'compound', operator: 'and', value: [] },
    { type: 'compound', operator: 'not', value: [field, field] },
    { type: 'compound', operator: 'xor', value: [field] },
    { type: 'compound', operator: 'and', value: [field, null] },
    nest(8),
    { type: 'compound', operator: 'or', value: Array.from({ length: 256 }, () => field) },
  ];
  for (const filter of noFilters) {
    it(`refuses a list with: ${JSON.stringify({ filter }).slice(0, 80)}`, () => {
      const { allow, reasons } = list(filter);
      expect({ allow, ...reasons[0] }).to.deep.equal({
        allow: false,
        code: 'deny.policy_shape',
        detail: 'filter',
      });
    });
  }

  it('asks a refused list for no filter', () => {
    const result = { ...fine, allow: false };
    expect(read([{ result }], 'secrets:get').reasons).to.deep.equal([{ code: 'a' }]);
  });
});
