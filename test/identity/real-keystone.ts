import { readFileSync } from 'node:fs';

/** What `test/services/keystone.sh` brought up and seeded: `POSTERN_TEST_KEYSTONE_SEED` names the file. */
export interface Seed {
  readonly auth_url: string;
  /** Issues tokens that live `short_expiration` seconds. */
  readonly short_auth_url: string;
  readonly short_expiration: number;
  readonly projects: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, SeededUser>>;
  readonly application_credentials: Readonly<
    Record<string, { readonly id: string; readonly secret: string }>
  >;
}

export interface SeededUser {
  readonly id: string;
  readonly password: string;
  readonly project: string;
  readonly project_id: string;
  readonly roles: readonly string[];
}

export function readSeed(path: string): Seed {
  return JSON.parse(readFileSync(path, 'utf8')) as Seed;
}

/** The `scope` of a login; a string is the id of a project, nothing is the user's own project. */
export type Scope = string | object | undefined;

export async function logIn(seed: Seed, name: string, scope?: Scope, url = seed.auth_url): Promise<string> {
  const user = userNamed(seed, name);
  const password = { user: { id: user.id, password: user.password } };
  return issue(url, { methods: ['password'], password }, scopeOf(scope ?? user.project_id));
}

export function logInByCredential(seed: Seed, name: string): Promise<string> {
  const credential = seed.application_credentials[name];
  return issue(seed.auth_url, { methods: ['application_credential'], application_credential: credential });
}

/** Any other call, as the holder of the token. */
export async function callKeystone(
  seed: Seed,
  token: string,
  method: string,
  path: string,
  more: { readonly body?: object; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${seed.auth_url}/v3${path}`, {
    method,
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json', ...more.headers },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

export function userNamed(seed: Seed, name: string): SeededUser {
  const user = seed.users[name];
  if (user === undefined) throw new Error(`the seed has no user ${name}`);
  return user;
}

async function issue(url: string, identity: object, scope?: object | string): Promise<string> {
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth: { identity, ...(scope === undefined ? {} : { scope }) } }),
  });
  const token = response.headers.get('x-subject-token');
  if (response.status !== 201 || token === null)
    throw new Error(`login: ${response.status} ${await response.text()}`);
  return token;
}

function scopeOf(scope: object | string): object | string {
  return typeof scope === 'object' || scope === 'unscoped' ? scope : { project: { id: scope } };
}

export function trustLogin(seed: Seed, name: string, trust: string): Promise<string> {
  return logIn(seed, name, { 'OS-TRUST:trust': { id: trust } });
}
