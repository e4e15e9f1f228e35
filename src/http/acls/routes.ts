import type { ContainerId, SecretId } from '../../model/ids.ts';
import type { Target } from '../../model/target.ts';
import type { LoadedContainer } from '../../repositories/container-targets.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { CONTAINER_MISSING, findContainer } from '../containers/find-container.ts';
import { nothing, route, type Route } from '../route.ts';
import { findSecret, SECRET_MISSING } from '../secrets/find-secret.ts';
import { secretRef } from '../secrets/present.ts';
import { DELETE_ACL, MERGE_ACL, REPLACE_ACL, SHOW_ACL } from './contracts.ts';
import { aclHandlers, type AclOwner } from './handlers.ts';
import { parseAcl } from './schema.ts';

interface AclResource<Found, Id extends string> extends AclOwner<Found, Id> {
  /** Of the object; its list is below it. */
  readonly path: string;
  /** What the actions begin with. */
  readonly rule: string;
  /** What the names of the operations begin with. */
  readonly operation: string;
  readonly find: Route<Found>['find'];
  readonly target: (found: Found) => Target;
}

/** The same contract for every kind of object. */
function aclRoutesOf<Found, Id extends string>(resource: AclResource<Found, Id>): readonly Route[] {
  const { rule, operation, find, target, missing } = resource;
  const handlers = aclHandlers(resource);
  const common = { path: `${resource.path}/acl`, answers: 'json', find, target, missing } as const;
  const change = {
    ...common,
    action: `${rule}:put_patch`,
    operation: `${operation} Update`,
    reads: 'json',
    parse: parseAcl,
  } as const;
  return [
    route({
      ...common,
      method: 'get',
      action: `${rule}:get`,
      operation: `${operation} retrieval`,
      parse: nothing,
      contract: SHOW_ACL,
      handle: handlers.get,
    }),
    route({ ...change, method: 'put', contract: REPLACE_ACL, handle: handlers.put }),
    route({ ...change, method: 'patch', contract: MERGE_ACL, handle: handlers.patch }),
    route({
      ...common,
      method: 'delete',
      action: `${rule}:delete`,
      operation: `${operation} deletion`,
      parse: nothing,
      contract: DELETE_ACL,
      handle: handlers.remove,
    }),
  ];
}

export const secretAclRoutes = aclRoutesOf<LoadedSecret, SecretId>({
  path: '/v1/secrets/:id',
  rule: 'secret_acls',
  operation: 'SecretACL(s)',
  find: findSecret,
  target: (found) => found.target,
  missing: SECRET_MISSING,
  acls: (services) => services.secretAcls,
  id: (found) => found.target.secret.id,
  ref: secretRef,
});

export const containerAclRoutes = aclRoutesOf<LoadedContainer, ContainerId>({
  path: '/v1/containers/:id',
  rule: 'container_acls',
  operation: 'ContainerACL(s)',
  find: findContainer,
  target: (found) => found.target,
  missing: CONTAINER_MISSING,
  acls: (services) => services.containerAcls,
  id: (found) => found.target.container.id,
  ref: (base, id) => `${base}/v1/containers/${id}`,
});
