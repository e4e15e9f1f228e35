import type { SecretStore } from '../../../src/stores/secret-store.ts';
import { databases, type TestDatabase } from '../../helpers/databases.ts';
import { createReadyToken, openPkcs11, type Changes, type TestToken } from './tokens.ts';

export interface ReadyToken {
  readonly db: TestDatabase;
  readonly token: TestToken;
}

/**
 * For the suite around the call: an empty database and a token with its keys. Gives what opens stores there; after each test
 * they are closed and the token is well again.
 */
export function storesAtToken(ready: (at: ReadyToken) => void): (changes?: Changes) => Promise<SecretStore> {
  const opened: SecretStore[] = [];
  let at: ReadyToken;
  before(async () => {
    const [sqlite] = databases();
    at = { db: await sqlite!.open(), token: await createReadyToken() };
    ready(at);
  });
  afterEach(async () => {
    at.token.rules();
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  after(async () => {
    await at.db.close();
    await at.token.remove();
  });
  return async (changes = {}) => {
    const store = await openPkcs11(at.db, at.token.options(changes));
    opened.push(store);
    return store;
  };
}
