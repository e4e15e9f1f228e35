import type { SecretId } from '../model/ids.ts';
import { createAclRepository, type AclRepository } from './acls.ts';
import type { Database } from './database.ts';
import { VISIBLE } from './secret-rows.ts';

export type SecretAclRepository = AclRepository<SecretId>;

export function createSecretAclRepository(db: Database): SecretAclRepository {
  return createAclRepository(db, {
    objects: 'secrets',
    visible: VISIBLE,
    acls: 'secret_acls',
    users: 'secret_acl_users',
    objectId: 'secret_id',
  });
}
