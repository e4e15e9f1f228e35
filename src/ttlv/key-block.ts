import { bytes, enumeration, integer, type Item, structure, type Structure, TtlvError } from './item.ts';
import {
  CRYPTOGRAPHIC_ALGORITHM,
  type CryptographicAlgorithm,
  KEY_FORMAT_TYPE,
  type KeyFormatType,
} from './key-enums.ts';
import { find, inOrder, need, optional } from './readers.ts';
import { nameOf } from './table.ts';
import { TAG } from './tags.ts';

/** KMIP 1.4 section 2.1.3. Undefined members are not sent. */
export interface KeyBlock {
  readonly format: KeyFormatType;
  /** Bytes; the structure of a transparent format; or, under a wrapping key, what came out of it. */
  readonly material: Buffer | Structure;
  /** Undefined as well for an algorithm that only the server knows. */
  readonly algorithm?: CryptographicAlgorithm | undefined;
  /** In bits, and effective ones: 168 for three DES keys. */
  readonly length?: number | undefined;
  /** Key Wrapping Data, when the server wrapped the key. We never ask for that. */
  readonly wrapping?: Structure | undefined;
}

export function keyBlockItem({ format, material, algorithm, length }: KeyBlock): Item {
  return structure(TAG['Key Block'], [
    enumeration(TAG['Key Format Type'], KEY_FORMAT_TYPE[format]),
    structure(TAG['Key Value'], [
      Buffer.isBuffer(material)
        ? bytes(TAG['Key Material'], material)
        : structure(TAG['Key Material'], material.value),
    ]),
    ...(algorithm === undefined
      ? []
      : [enumeration(TAG['Cryptographic Algorithm'], CRYPTOGRAPHIC_ALGORITHM[algorithm])]),
    ...(length === undefined ? [] : [integer(TAG['Cryptographic Length'], length)]),
  ]);
}

const ORDER = [
  TAG['Key Format Type'],
  TAG['Key Compression Type'],
  TAG['Key Value'],
  TAG['Cryptographic Algorithm'],
  TAG['Cryptographic Length'],
  TAG['Key Wrapping Data'],
];

/** Throws `TtlvError` for a block that is not whole, or of a format that the standard does not have. */
export function readKeyBlock(item: Item): KeyBlock {
  inOrder(item, ORDER);
  const format = nameOf(KEY_FORMAT_TYPE, need(item, TAG['Key Format Type'], 'enumeration').value);
  if (format === undefined) throw new TtlvError('an unknown Key Format Type');
  const algorithm = optional(item, TAG['Cryptographic Algorithm'], 'enumeration')?.value;
  return {
    format,
    material: materialOf(item),
    algorithm: algorithm === undefined ? undefined : nameOf(CRYPTOGRAPHIC_ALGORITHM, algorithm),
    length: optional(item, TAG['Cryptographic Length'], 'integer')?.value,
    wrapping: optional(item, TAG['Key Wrapping Data'], 'structure'),
  };
}

/** Wrapped with the default encoding, the Key Value itself is the wrapped bytes. */
function materialOf(item: Item): Buffer | Structure {
  const value = find(item, TAG['Key Value']);
  if (value?.type === 'byteString') return value.value;
  const material = find(need(item, TAG['Key Value'], 'structure'), TAG['Key Material']);
  if (material?.type === 'byteString') return material.value;
  if (material?.type === 'structure') return material;
  throw new TtlvError('Key Value has no Key Material');
}

/**
 * The key's bytes: of a format that is bytes, or the one member of Transparent Symmetric Key. A view into the message.
 * Throws `TtlvError` for a wrapped key, and for other transparent formats.
 */
export function keyBytes(block: KeyBlock): Buffer {
  if (block.wrapping !== undefined) throw new TtlvError('a key that came wrapped');
  if (Buffer.isBuffer(block.material)) return block.material;
  if (block.format !== 'Transparent Symmetric Key') throw new TtlvError('a key that is no bytes');
  return need(block.material, TAG.Key, 'byteString').value;
}
