import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, transaction, type Database } from './database.ts';
import { hold, type ObjectTable } from './hold.ts';

/** Who may read an object beyond what roles allow. */
export interface Acl {
  readonly users: readonly string[];
  readonly projectAccess: boolean;
}

export interface AclRecord extends Acl {
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

/** The access control lists of one kind of object. A change is one of its object too: `updated` moves with it. */
export interface AclRepository<Id extends string> {
  find(id: Id): Promise<AclRecord | undefined>;
  /** Creates or replaces; `created` of an existing record survives. False: the object is gone. */
  put(id: Id, acl: Acl, now: Timestamp): Promise<boolean>;
  /** Changes what is named, of no record that of the default. Of two at once each sees what the other left. */
  merge(id: Id, change: Partial<Acl>, now: Timestamp): Promise<boolean>;
  /** Back to no record. Removing what is gone succeeds and changes nothing. False: the object is gone. */
  remove(id: Id, now: Timestamp): Promise<boolean>;
}

/** Where the objects, their lists and the users on them are. */
export interface AclTables extends ObjectTable {
  readonly acls: string;
  readonly users: string;
  /** Of the two tables before: the column that names the object. */
  readonly objectId: string;
}

export function createAclRepository<Id extends string>(db: Database, tables: AclTables): AclRepository<Id> {
  return guarded<AclRepository<Id>>({
    find: (id) => find(db, tables, id),
    put: (id, acl, now) => changed(db, tables, id, now, (tx) => write(tx, tables, id, acl, now)),
    merge: (id, change, now) =>
      changed(db, tables, id, now, async (tx) => {
        const before = await find(tx, tables, id);
        const users = change.users ?? before?.users ?? [];
        const projectAccess = change.projectAccess ?? before?.projectAccess ?? true;
        await write(tx, tables, id, { users, projectAccess }, now);
      }),
    remove: (id, now) =>
      transaction(db, async (tx) => {
        if (!(await hold(tx, tables, id))) return false;
        await tx.knex(tables.users).where(tables.objectId, id).delete();
        const removed = await tx.knex(tables.acls).where(tables.objectId, id).delete();
        return removed === 0 || hold(tx, tables, id, now);
      }),
  });
}

function changed(
  db: Database,
  tables: AclTables,
  id: string,
  now: Timestamp,
  work: (tx: Database) => Promise<void>,
): Promise<boolean> {
  return transaction(db, async (tx) => {
    if (!(await hold(tx, tables, id, now))) return false;
    await work(tx);
    return true;
  });
}

/** SQLite binds at most 999 values in older builds; two a row. */
const ROWS_PER_INSERT = 300;

async function write(tx: Database, tables: AclTables, id: string, acl: Acl, now: Timestamp): Promise<void> {
  const { acls, users, objectId } = tables;
  await tx
    .knex(acls)
    .insert({ [objectId]: id, project_access: acl.projectAccess, created_at: now, updated_at: now })
    .onConflict(objectId)
    .merge(['project_access', 'updated_at']);
  await tx.knex(users).where(objectId, id).delete();
  const rows = [...new Set(acl.users)].map((user) => ({ [objectId]: id, user_id: user }));
  if (rows.length > 0) await tx.knex.batchInsert(users, rows, ROWS_PER_INSERT);
}

interface AclRow {
  readonly project_access: boolean | number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly user_id: string | null;
}

/** One statement, so that the users are those of this record and not of the one that just replaced it. */
async function find(
  db: Database,
  { acls, users, objectId }: AclTables,
  id: string,
): Promise<AclRecord | undefined> {
  const rows = (await db
    .knex(acls)
    .leftJoin(users, `${users}.${objectId}`, `${acls}.${objectId}`)
    .where(`${acls}.${objectId}`, id)
    .orderBy('user_id')
    .select('project_access', 'created_at', 'updated_at', 'user_id')) as AclRow[];
  const [first] = rows;
  return (
    first && {
      users: rows.flatMap((row) => row.user_id ?? []),
      projectAccess: Boolean(first.project_access),
      createdAt: timestamp(first.created_at),
      updatedAt: timestamp(first.updated_at),
    }
  );
}
