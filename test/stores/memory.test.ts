import { createMemoryStore } from '../../backends/memory/index.ts';
import { describeSecretStore } from '../conformance/secret-store.ts';

describeSecretStore('memory', async () => {
  const store = createMemoryStore('memory', { generates: true });
  return { store, close: () => store.close() };
});
