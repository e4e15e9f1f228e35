import { readAttributes } from './attributes.ts';
import { OBJECT_TYPE, type ObjectType, OPERATION, type Operation } from './enums.ts';
import { type Item, type Structure, type Tag, TtlvError } from './item.ts';
import { isManaged, type ManagedObject, readObject } from './objects.ts';
import { all, inOrder, need, optional, typed } from './readers.ts';
import { nameOf } from './table.ts';
import { TAG } from './tags.ts';
import { readVersion } from './versions.ts';

/**
 * `major.minor`, in the server's order; some may be versions that we do not know. As all readers of payloads of successful
 * responses here, it throws `TtlvError` for a payload that lacks what it must have.
 */
export function readDiscoverVersions(payload: Structure): readonly string[] {
  return all(payload, TAG['Protocol Version']).map(readVersion);
}

export interface ServerAbilities {
  /** Known ones; empty may mean that the server does not say. */
  readonly operations: readonly Operation[];
  readonly objectTypes: readonly ObjectType[];
  readonly vendor: string | undefined;
  /** Whatever the vendor puts there. */
  readonly server: Structure | undefined;
  readonly namespaces: readonly string[];
}

export function readQuery(payload: Structure): ServerAbilities {
  return {
    operations: known(payload, TAG.Operation, (code) => nameOf(OPERATION, code)),
    objectTypes: known(payload, TAG['Object Type'], (code) => nameOf(OBJECT_TYPE, code)),
    vendor: optional(payload, TAG['Vendor Identification'], 'textString')?.value,
    server: optional(payload, TAG['Server Information'], 'structure'),
    namespaces: all(payload, TAG['Application Namespace']).map((item) => typed(item, 'textString').value),
  };
}

function known<T>(payload: Structure, tag: Tag, name: (code: number) => T | undefined): readonly T[] {
  return all(payload, tag)
    .map((item) => name(typed(item, 'enumeration').value))
    .filter((found) => found !== undefined);
}

/** Of Register, Activate, Revoke and Destroy: the object that was meant. */
export function readIdentifier(payload: Structure): string {
  return need(payload, TAG['Unique Identifier'], 'textString').value;
}

export interface CreatedObject {
  readonly type: ObjectType;
  readonly id: string;
}

export function readCreate(payload: Structure): CreatedObject {
  inOrder(payload, [TAG['Object Type'], TAG['Unique Identifier']]);
  return { type: readObjectType(payload), id: readIdentifier(payload) };
}

export interface CreatedPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function readCreateKeyPair(payload: Structure): CreatedPair {
  return {
    privateKey: need(payload, TAG['Private Key Unique Identifier'], 'textString').value,
    publicKey: need(payload, TAG['Public Key Unique Identifier'], 'textString').value,
  };
}

export interface Located {
  readonly ids: readonly string[];
  /** How many there are in all, where a server of 1.3 or later says so. */
  readonly total: number | undefined;
}

/** Nothing found is success with an empty payload. */
export function readLocate(payload: Structure): Located {
  return {
    ids: all(payload, TAG['Unique Identifier']).map((item) => typed(item, 'textString').value),
    total: optional(payload, TAG['Located Items'], 'integer')?.value,
  };
}

export interface GottenObject {
  readonly id: string;
  readonly object: ManagedObject;
}

/** Whether it is the object that was asked for is for the caller to compare. */
export function readGet(payload: Structure): GottenObject {
  const type = readObjectType(payload);
  if (!isManaged(type)) throw new TtlvError('an object of a kind that is not stored');
  inOrder(payload, [TAG['Object Type'], TAG['Unique Identifier'], TAG[type]]);
  return { id: readIdentifier(payload), object: readObject(need(payload, TAG[type], 'structure')) };
}

export interface GottenAttributes {
  readonly id: string;
  /** Under their own tags, in whatever version they came. */
  readonly attributes: Structure;
}

export function readGetAttributes(payload: Structure): GottenAttributes {
  return { id: readIdentifier(payload), attributes: readAttributes(payload) };
}

function readObjectType(payload: Item): ObjectType {
  const type = nameOf(OBJECT_TYPE, need(payload, TAG['Object Type'], 'enumeration').value);
  if (type === undefined) throw new TtlvError('an unknown Object Type');
  return type;
}
