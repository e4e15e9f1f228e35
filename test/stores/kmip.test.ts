import { absentSecretStore, describeSecretStore } from '../conformance/secret-store.ts';
import { absentKmip, leavingNothing, openKmip, ownNamespace } from './kmip-server.ts';

/** What an operator may choose between, with each version of the protocol that the server speaks. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'kmip (typed, 2.0)': {},
  'kmip (opaque, 1.4)': { store: 'opaque', versions: ['1.4'] },
  'kmip (typed and active, 1.2)': { activate: true, versions: ['1.2'] },
};

if (absentKmip !== undefined) absentSecretStore('kmip', absentKmip);
else {
  for (const [name, changes] of Object.entries(VARIANTS)) {
    const namespace = ownNamespace();
    const opening = { ...changes, namespace };
    describeSecretStore(name, async () => {
      const store = leavingNothing(await openKmip(opening));
      const sibling = leavingNothing(await openKmip({ ...opening, name: 'sibling' }));
      return {
        store,
        sibling,
        reopen: () => openKmip(opening),
        runs: 6,
        // Two pages of names. Each put has the server look at every object there is.
        many: 60,
        close: async () => {
          await store.close();
          await sibling.close();
        },
      };
    });
  }
}
