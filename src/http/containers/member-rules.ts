import { BadRequest } from '../../errors.ts';
import type { ContainerType } from '../../model/container.ts';
import { schemaMismatch } from '../json-schema.ts';
import { idInNewRef } from './refs.ts';
import { SCHEMA, type MemberRef, type NewContainer } from './schema.ts';

/** What members of a type of container may be called, and must be. */
interface NameRule {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly otherName: string;
  readonly missingName: string;
}

/** The odd spaces are the original's. */
const NAME_RULES: Readonly<Partial<Record<ContainerType, NameRule>>> = {
  rsa: {
    required: ['public_key', 'private_key'],
    optional: ['private_key_passphrase'],
    otherName:
      "only 'private_key', 'public_key' and 'private_key_passphrase' reference names are allowed for RSA type",
    missingName: "The minimum required reference names are 'public_key' and'private_key' for RSA type",
  },
  certificate: {
    required: ['certificate'],
    optional: ['private_key', 'private_key_passphrase', 'intermediates'],
    otherName:
      "only 'private_key', 'certificate' , 'private_key_passphrase',  or 'intermediates' reference names are allowed for Certificate type",
    missingName: "The minimum required reference name is 'certificate' for Certificate type",
  },
};

/** In the original's order: which of several faults is reported is visible to clients. */
export function requireMemberRules({ type, members }: NewContainer, base: string): void {
  // A missing name counts as the empty one here, and only here; null is a name of its own.
  const names = members.map(({ name }) => (name === undefined ? '' : name));
  if (new Set(names).size < names.length) throw mismatch('Duplicate reference names are not allowed');
  const ids = members.map((member) => idInNewRef(member.secret_ref));
  if (new Set(ids).size < ids.length) throw mismatch('Duplicate secret ids are not allowed');
  if (!members.every((member) => member.secret_ref.startsWith(base)))
    throw new BadRequest('Provided field value is not supported');
  const rule = NAME_RULES[type];
  if (rule !== undefined && members.length > 0) requireNames(rule, members);
}

function requireNames(rule: NameRule, members: readonly MemberRef[]): void {
  const names = new Set(members.map((member) => member.name ?? ''));
  const allowed = [...rule.required, ...rule.optional];
  if (![...names].every((name) => allowed.includes(name))) throw mismatch(rule.otherName);
  if (!rule.required.every((name) => names.has(name))) throw mismatch(rule.missingName);
}

const mismatch = (why: string): BadRequest => schemaMismatch(SCHEMA, why, 'secret_refs');
