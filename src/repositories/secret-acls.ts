import type { SecretId } from '../model/ids.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, transaction, type Database } from './database.ts';

/** Who may read a secret beyond what roles allow. */
export interface Acl {
  readonly users: readonly string[];
  readonly projectAccess: boolean;
}

export interface AclRecord extends Acl {
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

export interface SecretAclRepository {
  find(id: SecretId): Promise<AclRecord | undefined>;
  /** Creates or replaces; `created` of an existing record survives. */
  put(id: SecretId, acl: Acl, now: Timestamp): Promise<void>;
  /** Back to no record. Removing what is gone succeeds. */
  remove(id: SecretId): Promise<void>;
}

interface AclRow {
  readonly project_access: boolean | number;
  readonly created_at: string;
  readonly updated_at: string;
}

export function createSecretAclRepository(db: Database): SecretAclRepository {
  return guarded<SecretAclRepository>({
    find: (id) => find(db, id),
    put: (id, acl, now) =>
      transaction(db, async (tx) => {
        const row = { secret_id: id, project_access: acl.projectAccess, created_at: now, updated_at: now };
        await tx
          .knex('secret_acls')
          .insert(row)
          .onConflict('secret_id')
          .merge(['project_access', 'updated_at']);
        await tx.knex('secret_acl_users').where({ secret_id: id }).delete();
        const users = [...new Set(acl.users)].map((user) => ({ secret_id: id, user_id: user }));
        if (users.length > 0) await tx.knex.batchInsert('secret_acl_users', users, ROWS_PER_INSERT);
      }),
    remove: (id) =>
      transaction(db, async (tx) => {
        await tx.knex('secret_acl_users').where({ secret_id: id }).delete();
        await tx.knex('secret_acls').where({ secret_id: id }).delete();
      }),
  });
}

const ROWS_PER_INSERT = 300;

async function find(db: Database, id: SecretId): Promise<AclRecord | undefined> {
  const row = (await db.knex('secret_acls').where({ secret_id: id }).first()) as AclRow | undefined;
  if (row === undefined) return undefined;
  const users = (await db
    .knex('secret_acl_users')
    .where({ secret_id: id })
    .orderBy('user_id')
    .select('user_id')) as {
    user_id: string;
  }[];
  return {
    users: users.map((user) => user.user_id),
    projectAccess: Boolean(row.project_access),
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}
