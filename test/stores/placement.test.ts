import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { Denied, NotSupported, StoreUnavailable } from '../../src/errors.ts';
import { placeSecret, type Placement, type PlacementRequest } from '../../src/stores/placement.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';

/** Takes symmetric keys of at most 64 bytes and nothing else. */
const narrow: SecretStore = {
  ...createMemoryStore('narrow'),
  capabilities: {
    minPayloadBytes: 0,
    maxPayloadBytes: 64,
    secretTypes: ['symmetric'],
    destroys: 'erase',
  },
};
const [software, hsm] = [createMemoryStore('software'), createMemoryStore('hsm')];
const registry = createStoreRegistry([software, hsm, narrow], 'software');

function place(changes: Partial<PlacementRequest>): Placement {
  return placeSecret({
    registry,
    requested: undefined,
    assigned: undefined,
    secret: aSecretHeader({ secretType: 'symmetric' }),
    payloadSize: 32,
    ...changes,
  });
}

describe('placing a secret', () => {
  const ROWS: readonly [PlacementRequest['requested'], assigned: string | undefined, Placement][] = [
    [undefined, undefined, { store: software, placedBy: 'default' }],
    [undefined, 'hsm', { store: hsm, placedBy: 'project' }],
    ['narrow', undefined, { store: narrow, placedBy: 'policy' }],
    ['narrow', 'hsm', { store: narrow, placedBy: 'policy' }],
    ['software', 'hsm', { store: software, placedBy: 'policy' }],
    [['narrow', 'hsm'], 'hsm', { store: hsm, placedBy: 'project' }],
    [['narrow', 'software', 'hsm'], 'hsm', { store: hsm, placedBy: 'project' }],
    [['hsm'], 'hsm', { store: hsm, placedBy: 'project' }],
    [['narrow', 'software'], 'hsm', { store: software, placedBy: 'default' }],
    [['narrow', 'software'], undefined, { store: software, placedBy: 'default' }],
    [['software', 'hsm'], 'software', { store: software, placedBy: 'project' }],
    [['narrow', 'hsm'], undefined, { store: narrow, placedBy: 'policy' }],
    [['hsm', 'narrow'], undefined, { store: hsm, placedBy: 'policy' }],
    [['hsm', 'narrow'], 'software', { store: hsm, placedBy: 'policy' }],
    [['hsm', 'narrow'], 'gone', { store: hsm, placedBy: 'policy' }],
  ];
  for (const [requested, assigned, expected] of ROWS) {
    const policy = requested === undefined ? 'silent' : JSON.stringify(requested);
    it(`policy ${policy}, project ${assigned ?? 'silent'}: ${expected.store.name}, ${expected.placedBy}`, () => {
      expect(place({ requested, assigned })).to.deep.equal(expected);
    });
  }

  it('denies when the policy names an unknown store, whatever else could be chosen', () => {
    for (const requested of ['gone', '', 'constructor', ['hsm', 'gone'], ['gone', 'hsm'], ['__proto__']]) {
      expect(() => place({ requested, assigned: 'hsm' }), String(requested)).to.throw(Denied);
    }
  });

  it('denies when the policy allows no store', () => {
    expect(() => place({ requested: [], assigned: 'hsm' })).to.throw(Denied);
  });

  it('is not available when the project was given an unknown store', () => {
    expect(() => place({ assigned: 'gone' })).to.throw(StoreUnavailable);
  });

  it('refuses a type the chosen store does not hold, naming both, though another store would hold it', () => {
    const secret = aSecretHeader({ secretType: 'certificate' });
    for (const choice of [
      { requested: 'narrow' },
      { assigned: 'narrow' },
      { requested: ['narrow', 'hsm'] },
      { requested: ['hsm', 'narrow'], assigned: 'narrow' },
    ]) {
      expect(() => place({ ...choice, secret })).to.throw(NotSupported, /"narrow".*certificate/);
    }
  });

  it('refuses a payload of one byte too many, naming store and limit', () => {
    expect(place({ assigned: 'narrow', payloadSize: 64 }).store).to.equal(narrow);
    expect(() => place({ assigned: 'narrow', payloadSize: 65 })).to.throw(
      NotSupported,
      /"narrow".*65 bytes.*64/,
    );
  });

  it('answers a refusal with 400 in the words of the API', () => {
    try {
      place({ assigned: 'narrow', payloadSize: 65 });
    } catch (error) {
      const body = (error as NotSupported).body('Secret creation');
      expect(body.code).to.equal(400);
      expect(body.description).to.match(
        /^Secret creation issue seen - the secret store "narrow" cannot hold .*\.$/,
      );
      return;
    }
    throw new Error('expected a refusal');
  });
});
