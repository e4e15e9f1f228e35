import { expect } from 'chai';
import { OWNER, type Answer, type Persona, type RequestOptions, type TestApp } from '../helpers/app.ts';
import { created } from './wire.ts';

/** What the tests of containers make and look at. */

export const PEER: Persona = { user: 'u-peer', project: 'p-1', roles: ['creator'] };
export const STRANGER: Persona = { user: 'u-stranger', project: 'p-2', roles: ['creator'] };
/** In no project of the container's, and with no role: only an access control list lets it in. */
export const LISTED: Persona = { user: 'u-listed', project: 'p-3', roles: [] };

export const CONTAINER_MISSING = 'Secrets container not found.';
export const CONTAINER_INVALID = 'Not Found. Provided container id is invalid.';
export const UNEXPECTED = "Unexpected content type. Expected content types are: ['application/json']";

export const refOf = (app: TestApp, path: string): string => app.url + path;
export const idIn = (path: string): string => path.split('/').at(-1) ?? '';

/** Creates a container and answers the path of its reference. */
export async function aContainer(app: TestApp, body: object = {}, as: Persona = OWNER): Promise<string> {
  const answer = await app.request('POST', '/v1/containers', { body: { type: 'generic', ...body }, as });
  expect(answer.status, answer.text).to.equal(201);
  return new URL(String(answer.json?.['container_ref'])).pathname;
}

/** One with a secret of its own under the name given. */
export async function withMember(app: TestApp, name: string): Promise<{ container: string; secret: string }> {
  const secret = await created(app);
  const container = await aContainer(app, { secret_refs: [{ name, secret_ref: refOf(app, secret) }] });
  return { container, secret };
}

export interface Shown {
  readonly created: string;
  readonly updated: string;
  readonly name: string | null;
  readonly type: string;
  readonly secret_refs: readonly { readonly name: string | null; readonly secret_ref: string }[];
  readonly consumers: readonly { readonly name: string; readonly URL: string }[];
}

export async function shown(app: TestApp, path: string, as: Persona = OWNER): Promise<Shown> {
  const answer = await app.request('GET', path, { as });
  expect(answer.status, answer.text).to.equal(200);
  return answer.json as unknown as Shown;
}

/** The members as `name path`, in their order. */
export async function membersOf(app: TestApp, path: string): Promise<readonly string[]> {
  const { secret_refs: refs } = await shown(app, path);
  return refs.map((ref) => `${ref.name} ${ref.secret_ref.slice(app.url.length)}`);
}

/** Puts the user on the read list. */
export async function list(app: TestApp, path: string, user: string): Promise<void> {
  const body = { read: { users: [user], 'project-access': true } };
  expect((await app.request('PUT', `${path}/acl`, { body })).status).to.equal(200);
}

/** JSON that is sent as it stands. */
export const raw = (body: string, as: Persona = OWNER): RequestOptions => ({
  body,
  headers: { 'Content-Type': 'application/json' },
  as,
});

export const statuses = (answers: readonly Answer[]): string =>
  answers
    .map((answer) => answer.status)
    .sort((a, b) => a - b)
    .join(' ');
