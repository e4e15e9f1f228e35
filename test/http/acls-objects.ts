import { expect } from 'chai';
import type { Answer, TestApp } from '../helpers/app.ts';
import { created, TEXT } from './wire.ts';

/** Everything that has access control lists: the contract is the same for all of them. */
export interface AclObject {
  readonly name: string;
  readonly table: string;
  readonly missing: string;
  readonly invalid: string;
  /** What the names of the operations begin with. */
  readonly operation: string;
  /** Makes one of project `p-1`; answers its path. */
  create(app: TestApp): Promise<string>;
}

export const ACL_OBJECTS: readonly AclObject[] = [
  {
    name: 'secrets',
    table: 'secrets',
    missing: 'Secret not found.',
    invalid: 'Not Found. Provided secret id is invalid.',
    operation: 'SecretACL(s)',
    create: (app) => created(app, TEXT),
  },
  {
    name: 'containers',
    table: 'containers',
    missing: 'Secrets container not found.',
    invalid: 'Not Found. Provided container id is invalid.',
    operation: 'ContainerACL(s)',
    create: createContainer,
  },
];

async function createContainer(app: TestApp): Promise<string> {
  const answer = await app.request('POST', '/v1/containers', { body: { type: 'generic', name: 'c' } });
  expect(answer.status, answer.text).to.equal(201);
  return new URL(String(answer.json?.['container_ref'])).pathname;
}

export interface ShownAcl {
  readonly 'project-access': boolean;
  readonly users?: readonly string[];
  readonly created?: string;
  readonly updated?: string;
}

export async function aclOf(app: TestApp, path: string): Promise<ShownAcl> {
  const { json } = await app.request('GET', `${path}/acl`);
  return json?.['read'] as ShownAcl;
}

/** The record without its times; undefined: there is none. */
export async function listed(app: TestApp, path: string): Promise<readonly [boolean, string] | undefined> {
  const { 'project-access': projectAccess, users } = await aclOf(app, path);
  return users && [projectAccess, [...users].sort().join(' ')];
}

export interface ObjectRow {
  readonly updated_at: string;
  readonly version?: number;
}

export async function rowOf({ broker }: TestApp, { table }: AclObject, path: string): Promise<ObjectRow> {
  const id = path.split('/').at(-1);
  return (await broker.database.knex(table).where({ id }).first()) as ObjectRow;
}

export const statusesOf = (answers: readonly Answer[]): readonly number[] =>
  [...new Set(answers.map(({ status }) => status))].sort();
