import type { SecretHeader } from '../../src/model/secret.ts';
import { OPAQUE_DATA_NONE, type ObjectType } from '../../src/ttlv/enums.ts';
import type { CryptographicAlgorithm, KeyFormatType, Usage } from '../../src/ttlv/key-enums.ts';
import type { ManagedObject } from '../../src/ttlv/objects.ts';
import type { Version } from '../../src/ttlv/versions.ts';
import { keyForm } from './key-forms.ts';
import type { KmipOptions } from './options.ts';

/** A payload as an object, and what the object may be used for; undefined where the attribute does not apply. */
export interface Form {
  readonly object: ManagedObject;
  readonly usage: readonly Usage[] | undefined;
}

export interface FormOptions extends Pick<KmipOptions, 'store' | 'usage'> {
  readonly version: Version;
  /** What the server says it stores; empty when it does not say. */
  readonly objectTypes: readonly ObjectType[];
}

/**
 * The forms a payload can be kept in, the best first: what it is, if its bytes come back as they were; an opaque object;
 * a seed, which is bytes as well, for servers without opaque objects. Objects refer to `bytes` and copy nothing.
 */
export function formsOf(secret: SecretHeader, bytes: Buffer, options: FormOptions): readonly Form[] {
  const { objectTypes, store } = options;
  const typed = store === 'typed' ? typedForm(secret, bytes, options) : undefined;
  const forms = [...(typed === undefined ? [] : [typed]), opaqueForm(bytes), seedForm(bytes)];
  if (objectTypes.length === 0) return forms;
  return forms.filter(({ object }) => objectTypes.includes(object.type));
}

const opaqueForm = (value: Buffer): Form => ({
  object: { type: 'Opaque Object', dataType: OPAQUE_DATA_NONE, value },
  usage: undefined,
});

const seedForm = (material: Buffer): Form => ({
  object: { type: 'Secret Data', dataType: 'Seed', block: { format: 'Opaque', material } },
  usage: [],
});

function typedForm(secret: SecretHeader, bytes: Buffer, options: FormOptions): Form | undefined {
  switch (secret.secretType) {
    case 'symmetric':
      return symmetricForm(secret, bytes, options.usage);
    case 'passphrase':
      return {
        object: { type: 'Secret Data', dataType: 'Password', block: { format: 'Opaque', material: bytes } },
        usage: options.usage.passphrase,
      };
    case 'opaque':
      return undefined;
    case 'private':
    case 'public':
    case 'certificate':
      return keyForm(secret.secretType, bytes, options);
  }
}

function symmetricForm(
  { algorithm }: SecretHeader,
  material: Buffer,
  usage: KmipOptions['usage'],
): Form | undefined {
  const name = symmetricAlgorithm(algorithm);
  const length = name && symmetricLength(name, material.length);
  if (length === undefined) return undefined;
  const format: KeyFormatType = 'Raw';
  return {
    object: { type: 'Symmetric Key', block: { format, material, algorithm: name, length } },
    usage: isHmac(name) ? usage.hmac : usage.symmetric,
  };
}

/** As callers write them, in any case and with any dashes. */
const ALGORITHMS: Readonly<Record<string, CryptographicAlgorithm>> = {
  aes: 'AES',
  des: 'DES',
  desede: '3DES',
  '3des': '3DES',
  tripledes: '3DES',
  hmacsha1: 'HMAC-SHA1',
  hmacsha224: 'HMAC-SHA224',
  hmacsha256: 'HMAC-SHA256',
  hmacsha384: 'HMAC-SHA384',
  hmacsha512: 'HMAC-SHA512',
};

export function symmetricAlgorithm(name: string | null): CryptographicAlgorithm | undefined {
  const plain = (name ?? '').toLowerCase().replaceAll(/[-_ ]/g, '');
  return Object.hasOwn(ALGORITHMS, plain) ? ALGORITHMS[plain] : undefined;
}

export const isHmac = (algorithm: CryptographicAlgorithm | undefined): boolean =>
  algorithm?.startsWith('HMAC') === true;

/** The Cryptographic Length by the bytes of a key. Of DES only seven bits of each byte are key (KMIP 1.4 section 3.5). */
const LENGTHS: Readonly<Partial<Record<CryptographicAlgorithm, Readonly<Record<number, number>>>>> = {
  AES: { 16: 128, 24: 192, 32: 256 },
  DES: { 8: 56 },
  '3DES': { 16: 112, 24: 168 },
};

/** Undefined for a key that cannot be one of this algorithm. */
function symmetricLength(algorithm: CryptographicAlgorithm, size: number): number | undefined {
  return isHmac(algorithm) ? size * 8 : LENGTHS[algorithm]?.[size];
}
