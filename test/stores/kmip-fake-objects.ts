import {
  readAttributes,
  attributeItems,
  objectName,
  objectType,
  type Attribute,
} from '../../src/ttlv/attributes.ts';
import {
  OBJECT_TYPE,
  OPERATION,
  STATE,
  type ObjectType,
  type ResultReason,
  type State,
} from '../../src/ttlv/enums.ts';
import type { ReceivedRequest } from '../../src/ttlv/messages.ts';
import { nameOf } from '../../src/ttlv/table.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import {
  all,
  dateTime,
  decode,
  encode,
  enumeration,
  need,
  optional,
  text,
  type Item,
  type Structure,
  type Tag,
} from '../../src/ttlv/ttlv.ts';
import {
  hasTypedAttributes,
  isAtLeast,
  knownVersion,
  VERSIONS,
  versionItem,
  type Version,
} from '../../src/ttlv/versions.ts';
import type { FakeOptions } from './kmip-fake.ts';

export interface FakeObject {
  readonly type: ObjectType;
  /** Encoded, so that nobody's wiping reaches it. */
  readonly object: Buffer;
  readonly names: string[];
  /** In seconds. */
  readonly date: bigint;
  state: State | undefined;
}

export type Outcome =
  { readonly payload: readonly Item[] } | { readonly reason: ResultReason; readonly message?: string };

export interface FakeObjects {
  readonly all: Map<string, FakeObject>;
  answer(request: ReceivedRequest): Outcome;
}

type Handler = (payload: Structure, version: Version) => Outcome;

const identifier = (uid: string): Item => text(TAG['Unique Identifier'], uid);
const uidIn = (payload: Structure): string => need(payload, TAG['Unique Identifier'], 'textString').value;

/** Enough of a server to store by: Register, Locate, Get, Get Attributes, Activate, Revoke, Destroy. */
export function createObjects(options: FakeOptions): FakeObjects {
  const objects = new Map<string, FakeObject>();
  let next = 0;
  const newUid = options.uid ?? (() => String((next += 1)));
  const handlers: Readonly<Partial<Record<ReceivedRequest['operation'], Handler>>> = {
    'Discover Versions': (payload) => ({ payload: versionsFor(options, payload) }),
    Query: () => ({ payload: abilities(options) }),
    Register: (payload, version) => register(objects, newUid, options, payload, version),
    Locate: (payload, version) => locate(objects, payload, version),
    Get: (payload) => onObject(objects, payload, get),
    'Get Attributes': (payload, version) =>
      onObject(objects, payload, (uid, object) => getAttributes(uid, object, version)),
    Activate: (payload) => onObject(objects, payload, (uid, object) => moved(uid, object, 'Active')),
    Revoke: (payload) => onObject(objects, payload, (uid, object) => moved(uid, object, 'Deactivated')),
    Destroy: (payload) => onObject(objects, payload, (uid, object) => destroy(objects, uid, object)),
  };
  return {
    all: objects,
    answer: ({ operation, payload, version }) =>
      handlers[operation]?.(payload, knownVersion(version) ?? '1.0') ?? { reason: 'Operation Not Supported' },
  };
}

function versionsFor({ versions = VERSIONS }: FakeOptions, payload: Structure): readonly Item[] {
  const asked = all(payload, TAG['Protocol Version']).map((item) => encode(item).toString('hex'));
  return versions
    .map(versionItem)
    .filter((item) => asked.length === 0 || asked.includes(encode(item).toString('hex')));
}

function abilities({ operations = [], objectTypes = [], namespaces = [] }: FakeOptions): readonly Item[] {
  return [
    ...operations.map((name) => enumeration(TAG.Operation, OPERATION[name])),
    ...objectTypes.map((name) => enumeration(TAG['Object Type'], OBJECT_TYPE[name])),
    text(TAG['Vendor Identification'], 'a server on the loopback'),
    ...namespaces.map((name) => text(TAG['Application Namespace'], name)),
  ];
}

function register(
  objects: Map<string, FakeObject>,
  newUid: () => string,
  { uniqueNames = false }: FakeOptions,
  payload: Structure,
  version: Version,
): Outcome {
  const type = nameOf(OBJECT_TYPE, need(payload, TAG['Object Type'], 'enumeration').value);
  if (type === undefined) return { reason: 'Invalid Field' };
  const names = namesIn(
    hasTypedAttributes(version) ? payload : need(payload, TAG['Template-Attribute'], 'structure'),
  );
  const isTaken = [...objects.values()].some((one) => one.names.some((name) => names.includes(name)));
  if (uniqueNames && isTaken) return { reason: 'Invalid Field' };
  const object = encode(need(payload, TAG[type as keyof typeof TAG], 'structure'));
  const uid = newUid();
  const state = type === 'Opaque Object' ? undefined : 'Pre-Active';
  objects.set(uid, { type, object, names, date: BigInt(Math.floor(Date.now() / 1_000)), state });
  return { payload: [identifier(uid)] };
}

function namesIn(payload: Structure): string[] {
  return all(readAttributes(payload), TAG.Name).map(
    (name) => need(name, TAG['Name Value'], 'textString').value,
  );
}

function locate(objects: Map<string, FakeObject>, payload: Structure, version: Version): Outcome {
  const [wanted] = namesIn(payload);
  const found = [...objects].filter(([, { names }]) => wanted === undefined || names.includes(wanted));
  const count = (tag: Tag): number | undefined => optional(payload, tag, 'integer')?.value;
  const start = isAtLeast(version, '1.3') ? (count(TAG['Offset Items']) ?? 0) : 0;
  const end = start + (count(TAG['Maximum Items']) ?? found.length);
  return {
    payload: found
      .map(([uid]) => identifier(uid))
      .reverse()
      .slice(start, end),
  };
}

function onObject(
  objects: Map<string, FakeObject>,
  payload: Structure,
  work: (uid: string, object: FakeObject) => Outcome,
): Outcome {
  const uid = uidIn(payload);
  const object = objects.get(uid);
  return object === undefined ? { reason: 'Item Not Found' } : work(uid, object);
}

const get = (uid: string, { type, object }: FakeObject): Outcome => ({
  payload: [objectType(type), identifier(uid), decode(Buffer.from(object))],
});

function getAttributes(uid: string, { names, date, state }: FakeObject, version: Version): Outcome {
  const attributes: Attribute[] = [...names.map(objectName), dateTime(TAG['Initial Date'], date)];
  if (state !== undefined) attributes.push(enumeration(TAG.State, STATE[state]));
  return { payload: [identifier(uid), ...attributeItems(version, attributes)] };
}

function moved(uid: string, object: FakeObject, state: State): Outcome {
  object.state = state;
  return { payload: [identifier(uid)] };
}

function destroy(objects: Map<string, FakeObject>, uid: string, { state }: FakeObject): Outcome {
  if (state === 'Active') return { reason: 'Permission Denied' };
  objects.delete(uid);
  return { payload: [identifier(uid)] };
}
