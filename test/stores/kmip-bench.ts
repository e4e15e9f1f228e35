import { createKmipStore, kmipOptions, type KmipOptions } from '../../backends/kmip/index.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { makeCertificates, type Certificates } from './kmip-certificates.ts';
import { startFake, type FakeOptions, type FakeServer } from './kmip-fake.ts';

export interface FakeBench {
  readonly server: FakeServer;
  readonly store: SecretStore;
  close(): Promise<void>;
}

let certificates: Certificates | undefined;
/** Made once for all tests of a run. */
export const ownCertificates = (): Certificates => (certificates ??= makeCertificates());

type Changes = Readonly<Record<string, unknown>>;

export function fakeConfig(port: number | undefined, changes: Changes = {}): KmipOptions {
  const { ca, client } = ownCertificates();
  const timeouts = { connect: 1, request: 0.5 };
  const own = { kind: 'kmip', name: 'fake', host: '127.0.0.1', port, tls: { ca, ...client }, timeouts };
  return kmipOptions.parse({ ...own, generate: false, ...changes });
}

/** A store on a server of its own. */
export async function openFake(
  options: Partial<FakeOptions> = {},
  changes: Changes = {},
): Promise<FakeBench> {
  const server = await startFake({ certificates: ownCertificates(), ...options });
  try {
    const store = await openOn(server, changes);
    const close = async (): Promise<void> => {
      await store.close();
      await server.close();
    };
    return { server, store, close };
  } catch (error) {
    await server.close();
    throw error;
  }
}

export function openOn(server: FakeServer, changes: Changes = {}): Promise<SecretStore> {
  return createKmipStore({ options: fakeConfig(server.port, changes), clockMs: Date.now });
}
