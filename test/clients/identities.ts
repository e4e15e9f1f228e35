import type { Seed } from './keystone.ts';
import { userOf } from './keystone.ts';

/** The broker's own login at Keystone, as an operator configures it. */
export function keystoneIdentity(
  seed: Seed,
  options: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    kind: 'keystone',
    auth_url: seed.auth_url,
    username: 'postern',
    password: userOf(seed, 'postern').password,
    project_name: 'service',
    ...options,
  };
}
