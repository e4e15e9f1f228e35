import { expect } from 'chai';
import type { Answer, Persona, RequestOptions, TestApp } from '../helpers/app.ts';
import type { MatrixRow } from '../helpers/matrix.ts';
import { CONSUMER, CONTAINER_CONSUMER, MEMBER, ORDER, PROJECTS, type Place } from './matrix-targets.ts';

/** A row of the matrix as a request, and what must come back. */

const POLLUTION =
  '?target.secret.read_project_access=True&read_project_access=True&project_id=project-p&read=read';

function queryOf(row: MatrixRow): string {
  if (row.variant.includes('pollute')) return POLLUTION;
  return row.variant.includes('force=true') ? '?force=true' : '';
}

function headersOf(row: MatrixRow): Readonly<Record<string, string>> {
  const named = /^(Accept|OpenStack-API-Version): (.*)$/.exec(row.variant);
  if (named !== null)
    return { [named[1] as string]: named[2] === '(empty value)' ? '' : (named[2] as string) };
  const version = /microversion (\S+);/.exec(row.variant);
  if (version !== null) return { 'OpenStack-API-Version': `key-manager ${version[1]}` };
  if (row.variant === 'OpenStack-System-Scope: all with a project')
    return { 'OpenStack-System-Scope': 'all' };
  return {};
}

type BodyOf = (row: MatrixRow, place: Place, url: string) => RequestOptions;

const TEXT: RequestOptions = { body: 'text', headers: { 'Content-Type': 'text/plain' } };
const isText = ({ variant }: MatrixRow): boolean => variant === 'text/plain body';
const secretConsumer: BodyOf = () => ({ body: CONSUMER });
const containerConsumer: BodyOf = () => ({ body: CONTAINER_CONSUMER });
const member: BodyOf = (_row, place, url) => ({
  body: { name: MEMBER, secret_ref: `${url}/v1/secrets/${place.member}` },
});

const BODIES: Readonly<Record<string, BodyOf>> = {
  'secrets:post': (row) =>
    row.variant === 'malformed JSON'
      ? { body: '{"name": ', headers: { 'Content-Type': 'application/json' } }
      : { body: { name: 'new' } },
  'secret:put': (row) => (row.variant === 'JSON body' ? { body: { a: 1 } } : TEXT),
  'secret_meta:post': () => ({ body: { key: 'fresh', value: 'v' } }),
  'secret_meta:put': (row) =>
    row.path.endsWith('{key}') ? { body: { key: 'k', value: 'w' } } : { body: { metadata: { a: 'b' } } },
  'secret_acls:put_patch': (row) => (isText(row) ? TEXT : { body: { read: { 'project-access': true } } }),
  'container_acls:put_patch': () => ({ body: { read: { 'project-access': true } } }),
  'secret_consumers:post': secretConsumer,
  'secret_consumers:delete': secretConsumer,
  'container_consumers:post': containerConsumer,
  'container_consumers:delete': containerConsumer,
  'container_secret:post': member,
  'container_secret:delete': member,
  'containers:post': (_row, place, url) => ({
    body: {
      type: 'generic',
      secret_refs: place.member ? [{ name: 'n', secret_ref: `${url}/v1/secrets/${place.member}` }] : [],
    },
  }),
  'orders:post': () => ({ body: ORDER }),
  'project_quotas:put': () => ({ body: { project_quotas: { secrets: 7 } } }),
  'transport_keys:post': () => ({ body: { plugin_name: 'p', transport_key: 'k' } }),
};

export const rolesOf = ({ roles }: MatrixRow): readonly string[] =>
  roles === 'none' ? [] : roles.split('+');

const personaOf = (row: MatrixRow): Persona => ({
  user: row.user,
  project: String(PROJECTS[row.project]),
  roles: rolesOf(row),
});

export function play(app: TestApp, row: MatrixRow, place: Place): Promise<Answer> {
  const names = { ...place } as Readonly<Record<string, string>>;
  const path = row.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`${row.id}: nothing stands for {${name}}`);
    return value;
  });
  const sent = BODIES[row.rule]?.(row, place, app.url) ?? {};
  const headers = { ...sent.headers, ...headersOf(row) };
  return app.request(row.method, path + queryOf(row), { as: personaOf(row), ...sent, headers });
}

export function expectAnswer(answer: Answer, row: MatrixRow): void {
  expect(answer.status, answer.text).to.equal(Number(row.status));
  if (row.error === '' || row.error.startsWith('(plain-text')) return;
  const denied = row.error.startsWith('DENIED:') ? row.error.slice('DENIED:'.length) : undefined;
  const expected =
    denied === undefined
      ? row.error
      : `${denied} attempt not allowed - please review your user/project privileges`;
  expect(answer.json?.['description']).to.equal(expected);
}
