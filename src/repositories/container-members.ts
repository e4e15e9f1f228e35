import type { Member } from '../model/container.ts';
import { isCanonicalUuid4, secretId, type ContainerId, type ProjectId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { touchContainer } from './containers.ts';
import { guarded, transaction, type Database } from './database.ts';
import { VISIBLE } from './secret-rows.ts';
import { rowsOf, type Statement } from './statement.ts';

/** `gone`: the secret or the container went away meanwhile. */
export type Addition = 'added' | 'present' | 'gone';

export interface ContainerMemberRepository {
  /** Of the ids given, those of secrets that this project has and that have not expired. */
  findUsable(project: ProjectId, ids: readonly string[], now: Timestamp): Promise<ReadonlySet<string>>;
  add(id: ContainerId, member: Member, now: Timestamp): Promise<Addition>;
  /** False: it was no member under that name. */
  remove(id: ContainerId, member: Member): Promise<boolean>;
  /** Of several containers at once, in the order they were put in; expired secrets are among them, deleted ones are not. */
  listOf(ids: readonly ContainerId[]): Promise<ReadonlyMap<ContainerId, readonly Member[]>>;
}

export function createContainerMemberRepository(db: Database): ContainerMemberRepository {
  return guarded<ContainerMemberRepository>({
    findUsable: (project, ids, now) => findUsable(db, project, ids, now),
    add: (id, member, now) =>
      transaction(db, async (tx) => {
        const inserted = await rowsOf(tx, ADD, [...keyValues(member), now, id, member.secretId]);
        if (inserted.length === 0) return (await isMember(tx, id, member)) ? 'present' : 'gone';
        await touchContainer(tx, id, now);
        return 'added';
      }),
    remove: async (id, member) => (await db.knex('container_secrets').where(keyOf(id, member)).delete()) > 0,
    listOf: (ids) => listOf(db, ids),
  });
}

async function findUsable(
  db: Database,
  project: ProjectId,
  ids: readonly string[],
  now: Timestamp,
): Promise<ReadonlySet<string>> {
  // PostgreSQL refuses to even look for some texts that are no id.
  const possible = ids.filter(isCanonicalUuid4);
  if (possible.length === 0) return new Set();
  const rows = (await db
    .knex('secrets')
    .where({ project_id: project })
    .whereIn('id', possible)
    .whereRaw(VISIBLE)
    .where((group) => group.whereNull('expires_at').orWhere('expires_at', '>', now))
    .select('id')) as { id: string }[];
  return new Set(rows.map((row) => row.id));
}

const keyValues = ({ name }: Member): [string, boolean] => [name ?? '', name !== null];

function keyOf(id: ContainerId, member: Member): Readonly<Record<string, string | boolean>> {
  const [name, named] = keyValues(member);
  return { container_id: id, secret_id: member.secretId, name, named };
}

/** Only what is there can be put in, and only into what is there. `lock` keeps both until the transaction ends. */
const add = (values: readonly string[], lock: string): string => `
  insert into container_secrets (container_id, secret_id, position, name, named, created_at)
  select containers.id, secrets.id,
    (select coalesce(max(m.position) + 1, 0) from container_secrets m where m.container_id = containers.id),
    ${values[0]}, ${values[1]}, ${values[2]}
  from containers, secrets
  where containers.id = ${values[3]} and secrets.id = ${values[4]} and ${VISIBLE} ${lock}
  on conflict (container_id, secret_id, name, named) do nothing
  returning container_id`;

const ADD: Statement = {
  name: 'add-container-secret',
  pg: add(['$1', '$2', '$3', '$4', '$5'], 'for key share'),
  sqlite3: add(['?', '?', '?', '?', '?'], ''),
};

async function isMember(db: Database, id: ContainerId, member: Member): Promise<boolean> {
  const row = (await db.knex('container_secrets').where(keyOf(id, member)).first('position')) as unknown;
  return row !== undefined;
}

interface MemberRow {
  readonly container_id: ContainerId;
  readonly secret_id: string;
  readonly name: string;
  readonly named: boolean | number;
}

async function listOf(
  db: Database,
  ids: readonly ContainerId[],
): Promise<ReadonlyMap<ContainerId, readonly Member[]>> {
  if (ids.length === 0) return new Map();
  const rows = (await db
    .knex('container_secrets as m')
    .join('secrets', 'secrets.id', 'm.secret_id')
    .whereIn('m.container_id', ids as ContainerId[])
    .whereRaw(VISIBLE)
    .orderBy(['m.position', 'm.created_at', 'm.secret_id', 'm.name'])
    .select('m.container_id', 'm.secret_id', 'm.name', 'm.named')) as MemberRow[];
  const byId = new Map<ContainerId, Member[]>(ids.map((id) => [id, []]));
  for (const row of rows) byId.get(row.container_id)?.push(toMember(row));
  return byId;
}

function toMember(row: MemberRow): Member {
  return { name: row.named ? row.name : null, secretId: secretId(row.secret_id) };
}
