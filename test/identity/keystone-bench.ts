import { createKeystoneProvider } from '../../src/identity/keystone/keystone-provider.ts';
import { type KeystoneOptions, keystoneOptions } from '../../src/identity/keystone/options.ts';
import type { Credentials, IdentityProvider } from '../../src/identity/provider.ts';
import { type FakeKeystone, type FakeOptions, startFakeKeystone } from './fake-keystone.ts';

/** A provider, the Keystone at the other end, and the clock that both look at. */
export interface KeystoneBench {
  readonly keystone: FakeKeystone;
  readonly provider: IdentityProvider;
  /** Milliseconds since the epoch; a test moves it. */
  nowMs: number;
  validations(): number;
  logins(): number;
  stop(): Promise<void>;
}

export const START_MS = Date.UTC(2026, 4, 16, 9, 30);

export type RawOptions = Record<string, unknown>;

export function optionsFor(url: string, more: RawOptions = {}): KeystoneOptions {
  const login = { username: 'postern', password: 'our-password', project_name: 'service' };
  return keystoneOptions.parse({ kind: 'keystone', auth_url: url, ...login, ...more });
}

export async function startKeystoneBench(
  options: RawOptions = {},
  server: Partial<FakeOptions> = {},
): Promise<KeystoneBench> {
  const clock = (): number => bench.nowMs;
  const keystone = await startFakeKeystone({ ...server, clock });
  const provider = createKeystoneProvider('ks', optionsFor(keystone.url, options), { clock });
  const count = (method: string): number => keystone.calls.filter((call) => call.method === method).length;
  const bench: KeystoneBench = {
    keystone,
    provider,
    nowMs: START_MS,
    validations: () => count('GET'),
    logins: () => count('POST'),
    stop: async () => {
      await provider.close();
      await keystone.stop();
    },
  };
  return bench;
}

export function asking(headers: Credentials['headers'], method = 'GET', path = '/v1/secrets'): Credentials {
  return { headers, method, path };
}

/** What a promise was rejected with; a fulfilled one fails the test. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
}
