import { readFileSync } from 'node:fs';
import { exported } from './services.ts';

export interface SeededUser {
  readonly id: string;
  readonly password: string;
  readonly project: string;
  readonly project_id: string;
  readonly roles: readonly string[];
}

/** What `seed-keystone.py` wrote. */
export interface Seed {
  readonly auth_url: string;
  /** Issues tokens that live `short_expiration` seconds, with the keys of the other. */
  readonly short_auth_url: string;
  readonly short_expiration: number;
  /** What the catalogue gives to clients. */
  readonly key_manager_url: string;
  readonly projects: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, SeededUser>>;
  readonly application_credentials: Readonly<
    Record<string, { readonly id: string; readonly secret: string }>
  >;
}

export function readSeed(): Seed {
  return JSON.parse(readFileSync(exported('keystone', 'POSTERN_TEST_KEYSTONE_SEED'), 'utf8')) as Seed;
}

export function userOf(seed: Seed, name: string): SeededUser {
  const user = seed.users[name];
  if (user === undefined) throw new Error(`the seed has no user ${name}`);
  return user;
}

export type Scope = 'project' | 'domain' | 'system' | 'unscoped';

/** A token of Keystone's own for this user. `authUrl` chooses the server that issues it. */
export function logIn(
  seed: Seed,
  name: string,
  scope: Scope = 'project',
  authUrl: string = seed.auth_url,
): Promise<string> {
  const { id, password, project_id: project } = userOf(seed, name);
  const scopes = {
    project: { project: { id: project } },
    domain: { domain: { id: 'default' } },
    system: { system: { all: true } },
    unscoped: 'unscoped',
  };
  const identity = { methods: ['password'], password: { user: { id, password } } };
  return issue(authUrl, { identity, scope: scopes[scope] });
}

/** An application credential brings its own project: naming a scope is an error. */
export function logInWithCredential(seed: Seed, name: string): Promise<string> {
  const credential = seed.application_credentials[name];
  if (credential === undefined) throw new Error(`the seed has no application credential ${name}`);
  const { id, secret } = credential;
  const identity = { methods: ['application_credential'], application_credential: { id, secret } };
  return issue(seed.auth_url, { identity });
}

async function issue(authUrl: string, auth: object): Promise<string> {
  const answer = await fetch(`${authUrl}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const token = answer.headers.get('X-Subject-Token');
  if (answer.status !== 201 || token === null) {
    throw new Error(`Keystone answered a login with ${answer.status}: ${await answer.text()}`);
  }
  return token;
}

export async function revoke(seed: Seed, token: string): Promise<void> {
  await fetch(`${seed.auth_url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
  });
}

/** The variables from which OpenStack's command line tools and our flows log in. */
export function clientEnvironment(seed: Seed, name: string, prefix = 'OS'): Readonly<Record<string, string>> {
  const { password, project } = userOf(seed, name);
  return {
    OS_AUTH_URL: `${seed.auth_url}/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    [`${prefix}_USERNAME`]: name,
    [`${prefix}_PASSWORD`]: password,
    [`${prefix}_PROJECT_NAME`]: project,
  };
}
