import { absentSecretStore, describeSecretStore } from '../conformance/secret-store.ts';
import { DOGTAG_URL, NO_DOGTAG, openDogtag } from './dogtag-server.ts';

if (DOGTAG_URL === undefined) absentSecretStore('dogtag', NO_DOGTAG);
else
  describe('dogtag, where an operation takes a third of a second', function () {
    this.timeout(180_000);
    describeSecretStore('dogtag', async () => {
      const [store, sibling] = [await openDogtag(), await openDogtag({ name: 'other' })];
      return {
        store,
        sibling,
        // More than the KRA looks through unless it is told to.
        many: 120,
        reopen: () => openDogtag(),
        close: async () => {
          await store.close();
          await sibling.close();
        },
      };
    });
  });
