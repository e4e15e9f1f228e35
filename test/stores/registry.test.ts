import { expect } from 'chai';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { ConfigurationError, StoreUnavailable } from '../../src/errors.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';

describe('the registry of stores', () => {
  const [vault, hsm] = [createMemoryStore('vault'), createMemoryStore('hsm')];
  const registry = createStoreRegistry([vault, hsm], 'vault');

  it('gives stores by name, the default, and all of them in order', () => {
    expect(registry.named('hsm')).to.equal(hsm);
    expect(registry.default).to.equal(vault);
    expect(registry.all).to.deep.equal([hsm, vault]);
  });

  it('says of a name nobody configured that it is not available: rows point to it', () => {
    for (const name of ['gone', '', '__proto__', 'constructor']) {
      expect(() => registry.named(name))
        .to.throw(StoreUnavailable)
        .with.property('detail')
        .that.contains(`"${name}"`);
    }
  });

  it('is not built with an unknown default, nor with one name twice', () => {
    expect(() => createStoreRegistry([vault, hsm], 'gone')).to.throw(ConfigurationError, '"gone"');
    expect(() => createStoreRegistry([], 'gone')).to.throw(ConfigurationError);
    expect(() => createStoreRegistry([vault, createMemoryStore('vault')], 'vault')).to.throw(
      ConfigurationError,
    );
  });
});
