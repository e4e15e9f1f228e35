import { CERTIFICATE_TYPE, type CertificateType, SECRET_DATA_TYPE, type SecretDataType } from './enums.ts';
import { bytes, enumeration, type Item, structure, TtlvError } from './item.ts';
import { type KeyBlock, keyBlockItem, readKeyBlock } from './key-block.ts';
import { need } from './readers.ts';
import { nameOf } from './table.ts';
import { TAG } from './tags.ts';

/** The objects that a store of secrets has to do with (KMIP 1.4 section 2.2), by their names as object types. */
export type ManagedObject = KeyObject | SecretData | Certificate | OpaqueObject;
export type ManagedType = ManagedObject['type'];

export interface KeyObject {
  readonly type: 'Symmetric Key' | 'Private Key' | 'Public Key';
  readonly block: KeyBlock;
}

/** Has a key block without algorithm and length. */
export interface SecretData {
  readonly type: 'Secret Data';
  readonly dataType: SecretDataType;
  readonly block: KeyBlock;
}

export interface Certificate {
  readonly type: 'Certificate';
  readonly certificateType: CertificateType;
  readonly value: Buffer;
}

export interface OpaqueObject {
  readonly type: 'Opaque Object';
  /** A vendor's number, from 80000000 on. */
  readonly dataType: number;
  readonly value: Buffer;
}

/** As Register sends it and Get answers it. Byte strings are the object's own buffers, not copies. */
export function objectItem(object: ManagedObject): Item {
  return structure(TAG[object.type], parts(object));
}

function parts(object: ManagedObject): readonly Item[] {
  switch (object.type) {
    case 'Certificate':
      return [
        enumeration(TAG['Certificate Type'], CERTIFICATE_TYPE[object.certificateType]),
        bytes(TAG['Certificate Value'], object.value),
      ];
    case 'Opaque Object':
      return [
        enumeration(TAG['Opaque Data Type'], object.dataType),
        bytes(TAG['Opaque Data Value'], object.value),
      ];
    case 'Secret Data':
      return [
        enumeration(TAG['Secret Data Type'], SECRET_DATA_TYPE[object.dataType]),
        keyBlockItem(object.block),
      ];
    default:
      return [keyBlockItem(object.block)];
  }
}

const READERS: { readonly [T in ManagedType]: (item: Item) => ManagedObject } = {
  Certificate: readCertificate,
  'Symmetric Key': (item) => ({ type: 'Symmetric Key', block: blockOf(item) }),
  'Private Key': (item) => ({ type: 'Private Key', block: blockOf(item) }),
  'Public Key': (item) => ({ type: 'Public Key', block: blockOf(item) }),
  'Secret Data': readSecretData,
  'Opaque Object': readOpaque,
};

/** Throws `TtlvError` for an object of another kind, and for one that is not whole. Buffers are views into the message. */
export function readObject(item: Item): ManagedObject {
  const name = nameOf(TAG, item.tag);
  if (name === undefined || !isManaged(name)) throw new TtlvError('an object of a kind that is not stored');
  return READERS[name](item);
}

export function isManaged(name: string): name is ManagedType {
  return Object.hasOwn(READERS, name);
}

function blockOf(item: Item): KeyBlock {
  return readKeyBlock(need(item, TAG['Key Block'], 'structure'));
}

function readCertificate(item: Item): Certificate {
  const certificateType = nameOf(CERTIFICATE_TYPE, need(item, TAG['Certificate Type'], 'enumeration').value);
  if (certificateType === undefined) throw new TtlvError('an unknown Certificate Type');
  const { value } = need(item, TAG['Certificate Value'], 'byteString');
  return { type: 'Certificate', certificateType, value };
}

function readSecretData(item: Item): SecretData {
  const dataType = nameOf(SECRET_DATA_TYPE, need(item, TAG['Secret Data Type'], 'enumeration').value);
  if (dataType === undefined) throw new TtlvError('an unknown Secret Data Type');
  return { type: 'Secret Data', dataType, block: blockOf(item) };
}

function readOpaque(item: Item): OpaqueObject {
  const dataType = need(item, TAG['Opaque Data Type'], 'enumeration').value;
  return { type: 'Opaque Object', dataType, value: need(item, TAG['Opaque Data Value'], 'byteString').value };
}
