import { absentSecretStore, describeSecretStore } from '../conformance/secret-store.ts';
import { describeStoreOutages, type Address } from '../conformance/secret-store-outages.ts';
import { absentVault, access, clientTls, openVault, pem, vaultConfig, type Changes } from './vault-server.ts';

/** What an operator may choose between: both engines, and every way to log in. */
const VARIANTS: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
  'vault (KV 2, AppRole)': () => ({}),
  'vault (KV 1, certificate)': () => ({
    kv_version: 1,
    mount: 'kv1',
    auth: { certificate: { role: 'postern' } },
    tls: clientTls('client'),
  }),
};

if (absentVault !== undefined) absentSecretStore('vault', absentVault);
else {
  for (const [name, changes] of Object.entries(VARIANTS)) {
    describeSecretStore(name, async () => {
      const store = await openVault(changes());
      // Below the other's: each sees the other's secrets as what is none.
      const sibling = await openVault({ ...changes(), prefix: 'postern/beside' });
      const close = async (): Promise<void> => {
        await store.close();
        await sibling.close();
      };
      return { store, sibling, reopen: () => openVault(changes()), close };
    });
  }

  const timeouts = { connect: 1, request: 1 };
  const at = ({ host, port }: Address): Changes => ({ url: `https://${host}:${port}`, timeouts });
  describeStoreOutages('vault', () => ({
    server: { host: '127.0.0.1', port: Number(new URL(access().url).port) },
    open: (address) => openVault(at(address)),
    refused: {
      'a wrong secret id': (address) => openVault({ ...at(address), auth: approle('not it') }),
      'a token that nobody made': (address) => openVault({ ...at(address), auth: { token: 'hvs.nobody' } }),
      'no authority we trust': (address) => openVault({ ...at(address), tls: { ca: pem('foreign-ca.pem') } }),
      'a name that is not the server': (address) =>
        openVault({ ...at(address), tls: { ca: pem('ca.pem'), servername: 'vault.example.org' } }),
      'an expired certificate': (address) =>
        openVault({ ...at(address), tls: clientTls('expired'), auth: { certificate: {} } }),
      'a certificate of strangers': (address) =>
        openVault({ ...at(address), tls: clientTls('foreign'), auth: { certificate: {} } }),
      'the certificate of somebody else': (address) =>
        openVault({ ...at(address), tls: clientTls('stranger'), auth: { certificate: {} } }),
    },
  }));
}

const approle = (secretId: string): object => ({
  approle: { ...vaultConfig().auth.approle, secret_id: secretId },
});
