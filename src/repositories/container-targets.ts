import type { ContainerId } from '../model/ids.ts';
import type { ContainerTarget } from '../model/target.ts';
import { toContainer, type ContainerRow } from './container-rows.ts';
import { guarded, type Database } from './database.ts';
import { VISIBLE } from './secret-rows.ts';
import type { Viewer } from './secret-targets.ts';
import { rowsOf, type Statement } from './statement.ts';

export interface LoadedContainer {
  readonly target: ContainerTarget;
}

/** What the policy must know of a container, read in one query. */
export interface ContainerTargetRepository {
  findAnyProject(id: ContainerId, viewer: Viewer): Promise<LoadedContainer | undefined>;
}

interface FoundRow extends ContainerRow {
  readonly acl_project_access: boolean | number | null;
  readonly acl_users: number;
  readonly acl_granted: number;
  readonly members: number;
  readonly consumers: number;
  readonly own_consumers: number;
}

const target = (user: string, project: string, id: string): string => `
  select containers.*, container_acls.project_access as acl_project_access,
    (select count(*) from container_acl_users u where u.container_id = containers.id) as acl_users,
    (select count(*) from container_acl_users u where u.container_id = containers.id and u.user_id = ${user}) as acl_granted,
    (select count(*) from container_secrets m join secrets on secrets.id = m.secret_id
      where m.container_id = containers.id and ${VISIBLE}) as members,
    (select count(*) from container_consumers c where c.container_id = containers.id) as consumers,
    (select count(*) from container_consumers c where c.container_id = containers.id and c.project_id = ${project}) as own_consumers
  from containers left join container_acls on container_acls.container_id = containers.id
  where containers.id = ${id}`;

const LOAD: Statement = {
  name: 'load-container',
  pg: `select row_to_json(found) as found from (${target('$1', '$2', '$3')}) found`,
  sqlite3: target('?', '?', '?'),
};

export function createContainerTargetRepository(db: Database): ContainerTargetRepository {
  return guarded<ContainerTargetRepository>({
    findAnyProject: async (id, { userId, projectId }) => {
      const values = [userId, projectId, id];
      const [row] = await rowsOf<FoundRow & { readonly found?: FoundRow }>(db, LOAD, values);
      return row && { target: toTarget(row.found ?? row) };
    },
  });
}

function toTarget(row: FoundRow): ContainerTarget {
  const defined = row.acl_project_access !== null;
  return {
    type: 'container',
    container: toContainer(row),
    acl: {
      defined,
      granted: row.acl_granted > 0,
      projectAccess: defined ? Boolean(row.acl_project_access) : true,
      users: row.acl_users,
    },
    // A container's consumer has a name and a URL where a secret's has a service.
    consumers: { count: row.consumers, services: [], mine: row.own_consumers },
    members: row.members,
  };
}
