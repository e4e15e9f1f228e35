import { NotFound } from '../../errors.ts';
import type { AclRecord, AclRepository } from '../../repositories/acls.ts';
import { presentTime } from '../iso-time.ts';
import type { Call, Reply, Route } from '../route.ts';
import type { Services } from '../services.ts';
import type { AclChange } from './schema.ts';

/** A kind of object that has access control lists. */
export interface AclOwner<Found, Id extends string> {
  readonly acls: (services: Services) => AclRepository<Id>;
  readonly id: (found: Found) => Id;
  readonly ref: (base: string, id: Id) => string;
  /** What is said of one that is gone by the time it is changed. */
  readonly missing: string;
}

type Handle<Found, Input> = Route<Found, Input>['handle'];

export interface AclHandlers<Found> {
  readonly get: Handle<Found, undefined>;
  readonly put: Handle<Found, AclChange>;
  readonly patch: Handle<Found, AclChange>;
  readonly remove: Handle<Found, undefined>;
}

export function aclHandlers<Found, Id extends string>(owner: AclOwner<Found, Id>): AclHandlers<Found> {
  const { acls, id } = owner;
  const reply = ({ base, found }: Call<Found, unknown>): Reply => ({
    status: 200,
    body: { acl_ref: `${owner.ref(base, id(found))}/acl` },
  });
  const requireThere = (present: boolean): void => {
    if (!present) throw new NotFound(owner.missing);
  };
  return {
    get: async (services, { found }) => ({
      status: 200,
      body: { read: presentAcl(await acls(services).find(id(found))) },
    }),
    put: async (services, call) => {
      const { found, input, now } = call;
      // Named by nothing, everything is what it is by default: that is no record.
      if (input === undefined) requireThere(await acls(services).remove(id(found), now));
      else
        requireThere(await acls(services).put(id(found), { users: [], projectAccess: true, ...input }, now));
      return reply(call);
    },
    patch: async (services, call) => {
      const { found, input, now } = call;
      if (input !== undefined) requireThere(await acls(services).merge(id(found), input, now));
      return reply(call);
    },
    // Clients insist on 200, and on a body that is JSON.
    remove: async (services, { found, now }) => {
      requireThere(await acls(services).remove(id(found), now));
      return { status: 200, body: null };
    },
  };
}

/** Without a record there are no users to show, not even none of them: clients tell the two apart. */
function presentAcl(acl: AclRecord | undefined): Readonly<Record<string, unknown>> {
  if (acl === undefined) return { 'project-access': true };
  return {
    'project-access': acl.projectAccess,
    users: acl.users,
    created: presentTime(acl.createdAt),
    updated: presentTime(acl.updatedAt),
  };
}
