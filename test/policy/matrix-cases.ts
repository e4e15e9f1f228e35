import { readFileSync } from 'node:fs';
import { policyInput, type PolicyInput } from '../../src/policy/input.ts';
import type { AclFacts, Target } from '../../src/model/target.ts';
import { projectId } from '../../src/model/ids.ts';
import { principal, question, secretTarget } from './samples.ts';

/** One observed answer of the original, as a question to a policy. */
export interface MatrixCase {
  readonly id: string;
  readonly tier: string;
  readonly mode: 'legacy' | 'secure';
  readonly variant: string;
  readonly input: PolicyInput;
  /** What the original's policy said, or what we deliberately say instead. */
  readonly allow: boolean;
}

/** Rows we answer differently on purpose. The file itself stays as observed. */
export const DEVIATIONS: ReadonlyMap<string, { readonly allow: boolean; readonly reason: string }> = new Map([
  [
    'authn-0021',
    { allow: true, reason: "the scope is the caller's own: a service token's scope must not overwrite it" },
  ],
]);

type Row = Readonly<Record<string, string>>;
const USERS: Row = { owner: 'u-owner', acl: 'u-acl', other: 'u-other' };
/** `-` stands for a system-scoped token here: rows without any project never reach the policy. */
const PROJECTS: Row = { P: 'p-p', Q: 'p-q', '-': 'p-p' };
const MODES: Readonly<Record<string, readonly MatrixCase['mode'][]>> = {
  legacy: ['legacy'],
  secure: ['secure'],
  both: ['legacy', 'secure'],
};

/** Every row of the file on which the original's policy had a say. */
export function matrixCases(): readonly MatrixCase[] {
  const path = new URL('policy-matrix.csv', import.meta.url);
  const [header = [], ...lines] = parseCsv(readFileSync(path, 'utf8'));
  const rows = lines.map((cells): Row => Object.fromEntries(header.map((name, i) => [name, cells[i] ?? ''])));
  return rows
    .filter((row) => row['policy'] !== 'none')
    .flatMap((row) => (MODES[row['mode'] ?? ''] ?? []).map((mode) => caseOf(row, mode)));
}

function caseOf(row: Row, mode: MatrixCase['mode']): MatrixCase {
  const { id = '', tier = '', variant = '' } = row;
  const allow = DEVIATIONS.get(id)?.allow ?? row['policy'] === 'allow';
  return { id, tier, mode, variant, allow, input: inputOf(row, mode) };
}

function inputOf(row: Row, mode: MatrixCase['mode']): PolicyInput {
  const { rule: action = '', user = '', project = '', variant = '' } = row;
  const name = { name: null, domain: { id: 'default', name: 'Default' } };
  const input = policyInput(
    question({
      action,
      identity: {
        principal: principal({
          user: { id: USERS[user] ?? '', ...name },
          project: { id: PROJECTS[project] ?? '', ...name, tags: [] },
          scope: variant.startsWith('OpenStack-System-Scope') ? 'system' : 'project',
          roles: rolesOf(row['roles'] ?? '', mode),
        }),
        service: null,
      },
      target: targetOf(row, mode),
    }),
  );
  return { ...input, target: retyped(row, input['target']) };
}

function rolesOf(roles: string, mode: MatrixCase['mode']): readonly string[] {
  if (roles === 'none') return [];
  if (roles === 'writer') return mode === 'legacy' ? ['creator'] : ['member', 'reader'];
  return roles.split('+');
}

function targetOf(row: Row, mode: MatrixCase['mode']): Target {
  const noun = row['rule']?.split(':')[0] ?? '';
  if (['secrets', 'containers', 'orders'].includes(noun)) {
    const query: Record<string, string> = row['variant'] === 'acl_only=true' ? { acl_only: 'true' } : {};
    return { type: 'collection', query };
  }
  if (!/^(secret|container|order|consumer)($|_)/.test(noun)) return { type: 'none' };
  const { secret } = secretTarget();
  return secretTarget({
    secret: { ...secret, projectId: projectId('p-p'), creatorId: 'u-owner' },
    acl: aclOf(row, mode),
  });
}

function aclOf(row: Row, mode: MatrixCase['mode']): AclFacts {
  const { acl = '', user = '' } = row;
  const isPrivate = acl.startsWith('private') || (acl === 'after step 2' && mode === 'secure');
  const listed = { shared: 'acl', 'private+user': 'acl', 'private+creator': 'owner' }[acl];
  return {
    defined: acl !== 'none' && acl !== 'n/a',
    granted: listed === user,
    projectAccess: !isPrivate,
    users: listed === undefined ? 0 : 1,
  };
}

/** Containers, orders and consumers carry the same facts about ownership and lists as a secret does. */
function retyped(row: Row, target: unknown): unknown {
  if (target === null) return null;
  const noun = row['rule']?.split(':')[0] ?? '';
  const facts = target as Readonly<Record<string, unknown>>;
  if (noun === 'consumer') {
    const type = row['path']?.includes('/secrets/') ? 'secret' : 'container';
    const parent = { type, id: 'parent-1', project_id: 'p-p', creator_id: 'u-owner' };
    return { ...facts, type: 'consumer', project_id: null, creator_id: null, parent };
  }
  if (noun.startsWith('container') && noun !== 'containers') return { ...facts, type: 'container' };
  return noun === 'order' ? { ...facts, type: 'order' } : facts;
}

/** RFC 4180, as far as the file goes: no line breaks inside quotes. */
function parseCsv(text: string): string[][] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    ),
  );
}
