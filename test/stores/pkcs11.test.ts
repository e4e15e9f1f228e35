import { initTokenKeys } from '../../backends/pkcs11/index.ts';
import { openDatabase, type Database } from '../../src/repositories/database.ts';
import { createKekRotationRepository } from '../../src/repositories/kek-rotation.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { absentSecretStore, describeSecretStore } from '../conformance/secret-store.ts';
import { describeDatabases } from '../helpers/databases.ts';
import { insertSecretRow } from '../helpers/secret-row.ts';
import { ABSENT, createReadyToken, masterKey, openPkcs11, quietLog, type Changes } from './pkcs11/tokens.ts';

const VARIANTS: Readonly<Record<string, Changes>> = {
  'mode T': {},
  'mode T without GCM': { mechanisms: { content: 'cbc-mac' } },
  'mode W': { mode: 'W' },
  'mode K': { mode: 'K' },
};

if (ABSENT !== undefined) absentSecretStore('pkcs11', ABSENT);
else
  describeDatabases('pkcs11', (dialect) => {
    for (const [variant, changes] of Object.entries(VARIANTS)) {
      describeSecretStore(`pkcs11 in ${variant}`, async () => {
        const db = await dialect.open();
        const token = await createReadyToken();
        const options = token.options(changes);
        const store = await openPkcs11(db, options);
        const sibling = await openPkcs11(db, token.options({ ...changes, name: 'elsewhere' }));
        const reopened: Database[] = [];
        const renewed: SecretStore[] = [];
        const newer = { ...changes, master_keys: [masterKey('root-2'), masterKey('root-1')] };
        await initTokenKeys({
          options: token.options({ master_keys: [masterKey('root-2')] }),
          log: quietLog,
        });
        return {
          store,
          sibling,
          reopen: () => {
            const own = openDatabase(db.options);
            reopened.push(own);
            return openPkcs11(own, options);
          },
          rotation: {
            keks: createKekRepository(db),
            keksInRotation: createKekRotationRepository(db),
            renewed: async () => {
              const opened = await openPkcs11(db, token.options(newer));
              renewed.push(opened);
              return opened;
            },
          },
          admit: (secret) => insertSecretRow(db, secret),
          close: async () => {
            await store.close();
            await sibling.close();
            for (const one of renewed) await one.close();
            for (const own of reopened) await own.knex.destroy();
            await db.close();
            await token.remove();
          },
        };
      });
    }
  });
