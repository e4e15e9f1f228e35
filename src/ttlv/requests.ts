import {
  attributeItems,
  type Attribute,
  attributeSet,
  objectType,
  OF_BOTH_KEYS,
  OF_PRIVATE_KEY,
  OF_PUBLIC_KEY,
} from './attributes.ts';
import {
  type ObjectType,
  PROTECTION_STORAGE,
  type ProtectionStorage,
  QUERY_FUNCTION,
  type QueryFunction,
  REVOCATION_REASON,
  type RevocationReason,
} from './enums.ts';
import { enumeration, integer, type Item, structure, text } from './item.ts';
import { KEY_FORMAT_TYPE, KEY_WRAP_TYPE, type KeyFormatType, type KeyWrapType } from './key-enums.ts';
import { type Request, when } from './messages.ts';
import { type ManagedObject, objectItem } from './objects.ts';
import { TAG, type TagName } from './tags.ts';
import { hasTypedAttributes, isAtLeast, type Version, versionItem } from './versions.ts';

/** Since 1.1; a server of 1.0 answers *Operation Not Supported*. `versions` by preference; none asks for all. */
export function discoverVersionsRequest(versions: readonly Version[] = []): Request {
  return { operation: 'Discover Versions', payload: versions.map(versionItem) };
}

export function queryRequest(functions: readonly QueryFunction[]): Request {
  const payload = functions.map((name) => enumeration(TAG['Query Function'], QUERY_FUNCTION[name]));
  return { operation: 'Query', payload };
}

export interface Registration {
  readonly object: ManagedObject;
  readonly attributes: readonly Attribute[];
  /** Where the server may keep it; says nothing before 2.0. */
  readonly protection?: readonly ProtectionStorage[];
}

export function registerRequest(version: Version, { object, attributes, protection }: Registration): Request {
  const payload = [
    objectType(object.type),
    attributeSet(version, attributes),
    objectItem(object),
    ...protectionMasks(version, protection),
  ];
  return { operation: 'Register', payload };
}

export interface Creation {
  readonly type: ObjectType;
  readonly attributes: readonly Attribute[];
  readonly protection?: readonly ProtectionStorage[];
}

export function createRequest(version: Version, { type, attributes, protection }: Creation): Request {
  const payload = [
    objectType(type),
    attributeSet(version, attributes),
    ...protectionMasks(version, protection),
  ];
  return { operation: 'Create', payload };
}

/** Each key has a usage mask of its own: strict servers refuse a pair without. */
export interface PairCreation {
  readonly common: readonly Attribute[];
  readonly privateKey: readonly Attribute[];
  readonly publicKey: readonly Attribute[];
}

/** Sets without attributes are not sent. */
export function createKeyPairRequest(version: Version, pair: PairCreation): Request {
  const payload = [
    attributeSet(version, pair.common, OF_BOTH_KEYS),
    attributeSet(version, pair.privateKey, OF_PRIVATE_KEY),
    attributeSet(version, pair.publicKey, OF_PUBLIC_KEY),
  ];
  return { operation: 'Create Key Pair', payload: payload.filter(({ value }) => value.length > 0) };
}

export interface GetOptions {
  /** What the server is to convert to. Without, it answers in the format it has. */
  readonly format?: KeyFormatType;
  /** Since 1.4. */
  readonly wrapType?: KeyWrapType;
}

export function getRequest(id: string, { format, wrapType }: GetOptions = {}): Request {
  const payload = [
    identifier(id),
    ...when(format, (name) => enumeration(TAG['Key Format Type'], KEY_FORMAT_TYPE[name])),
    ...when(wrapType, (name) => enumeration(TAG['Key Wrap Type'], KEY_WRAP_TYPE[name])),
  ];
  return { operation: 'Get', payload };
}

export interface Search {
  /** All of them must match. */
  readonly attributes: readonly Attribute[];
  readonly maximumItems?: number;
  /** Since 1.3; not sent before. */
  readonly offset?: number;
}

export function locateRequest(version: Version, { attributes, maximumItems, offset }: Search): Request {
  const payload = [
    ...when(maximumItems, (count) => integer(TAG['Maximum Items'], count)),
    ...when(isAtLeast(version, '1.3') ? offset : undefined, (count) => integer(TAG['Offset Items'], count)),
    ...attributeItems(version, attributes),
  ];
  return { operation: 'Locate', payload };
}

export function activateRequest(id: string): Request {
  return { operation: 'Activate', payload: [identifier(id)] };
}

/** *Cessation of Operation* deactivates; a compromise marks the object for ever. */
export function revokeRequest(id: string, reason: RevocationReason, message?: string): Request {
  const why = structure(TAG['Revocation Reason'], [
    enumeration(TAG['Revocation Reason Code'], REVOCATION_REASON[reason]),
    ...when(message, (words) => text(TAG['Revocation Message'], words)),
  ]);
  return { operation: 'Revoke', payload: [identifier(id), why] };
}

export function destroyRequest(id: string): Request {
  return { operation: 'Destroy', payload: [identifier(id)] };
}

/** By the standard's names; no names ask for all attributes. */
export function getAttributesRequest(version: Version, id: string, names: readonly TagName[]): Request {
  const references = names.map((name) =>
    hasTypedAttributes(version)
      ? enumeration(TAG['Attribute Reference'], TAG[name])
      : text(TAG['Attribute Name'], name),
  );
  return { operation: 'Get Attributes', payload: [identifier(id), ...references] };
}

/** Sent always: the ID Placeholder that stands in for it is not known to every server. */
function identifier(id: string): Item {
  return text(TAG['Unique Identifier'], id);
}

function protectionMasks(
  version: Version,
  protection: readonly ProtectionStorage[] | undefined,
): readonly Item[] {
  if (protection === undefined || !hasTypedAttributes(version)) return [];
  const mask = protection.reduce((bits, where) => bits | PROTECTION_STORAGE[where], 0);
  return [structure(TAG['Protection Storage Masks'], [integer(TAG['Protection Storage Mask'], mask)])];
}
