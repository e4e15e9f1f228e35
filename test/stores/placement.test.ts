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
  const ROWS: readonly [requested: string | undefined, assigned: string | undefined, Placement][] = [
    [undefined, undefined, { store: software, reason: 'default' }],
    [undefined, 'hsm', { store: hsm, reason: 'project' }],
    ['narrow', undefined, { store: narrow, reason: 'policy' }],
    ['narrow', 'hsm', { store: narrow, reason: 'policy' }],
    ['software', 'hsm', { store: software, reason: 'policy' }],
  ];
  for (const [requested, assigned, expected] of ROWS) {
    it(`policy ${requested ?? 'silent'}, project ${assigned ?? 'silent'}: ${expected.store.name}`, () => {
      expect(place({ requested, assigned })).to.deep.equal(expected);
    });
  }

  it('denies when the policy names an unknown store, whatever else could be chosen', () => {
    for (const requested of ['gone', '', 'constructor']) {
      expect(() => place({ requested, assigned: 'hsm' })).to.throw(Denied);
    }
  });

  it('is not available when the project was given an unknown store', () => {
    expect(() => place({ assigned: 'gone' })).to.throw(StoreUnavailable);
  });

  it('refuses a type the chosen store does not hold, naming both, though another store would hold it', () => {
    const secret = aSecretHeader({ secretType: 'certificate' });
    for (const choice of [{ requested: 'narrow' }, { assigned: 'narrow' }]) {
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
