import type { ContainerId } from '../model/ids.ts';
import { createAclRepository, type AclRepository } from './acls.ts';
import type { Database } from './database.ts';

export type ContainerAclRepository = AclRepository<ContainerId>;

export function createContainerAclRepository(db: Database): ContainerAclRepository {
  return createAclRepository(db, {
    objects: 'containers',
    // A container has no payload to wait for: its row is there or it is not.
    visible: '1 = 1',
    acls: 'container_acls',
    users: 'container_acl_users',
    objectId: 'container_id',
  });
}
