import type { PairKind } from '../../src/model/key-kind.ts';
import { readCreate, readCreateKeyPair, type CreatedPair } from '../../src/ttlv/answers.ts';
import {
  algorithm as algorithmOf,
  keyLength,
  objectName,
  usageMask,
  type Attribute,
} from '../../src/ttlv/attributes.ts';
import { RECOMMENDED_CURVE, type CryptographicAlgorithm } from '../../src/ttlv/key-enums.ts';
import { createKeyPairRequest, createRequest } from '../../src/ttlv/requests.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { enumeration, structure } from '../../src/ttlv/ttlv.ts';
import { isHmac } from './forms.ts';
import { curveAlgorithm } from './key-forms.ts';
import type { Link } from './links.ts';
import type { Naming } from './names.ts';
import type { KmipOptions } from './options.ts';
import { pairUsage } from './usage.ts';

export interface CreateOptions extends Pick<KmipOptions, 'usage'> {
  readonly naming: Naming;
  /** Making keys takes its own time. */
  readonly generateMs: number;
}

export interface WantedKey {
  readonly name: string;
  readonly algorithm: CryptographicAlgorithm;
  /** In bits, as the server counts them. */
  readonly length: number;
}

/** A symmetric key of the server's own; its identifier. */
export async function createKey(
  link: Link,
  { usage, generateMs }: CreateOptions,
  { name, algorithm, length }: WantedKey,
): Promise<string> {
  const uses = isHmac(algorithm) ? usage.hmac : usage.symmetric;
  const attributes = [algorithmOf(algorithm), keyLength(length), usageMask(uses), objectName(name)];
  const request = createRequest(link.profile.version, { type: 'Symmetric Key', attributes });
  return (await link.ask(request, readCreate, generateMs)).id;
}

export interface WantedKeys {
  readonly kind: Extract<PairKind, 'rsa' | 'ecdsa'>;
  readonly bits: number;
  readonly privateName: string;
  readonly publicName: string;
}

/** A pair of the server's own. Each half has a usage mask: strict servers refuse a pair without. */
export async function createPair(
  link: Link,
  { usage, generateMs }: CreateOptions,
  { kind, bits, privateName, publicName }: WantedKeys,
): Promise<CreatedPair> {
  const { version } = link.profile;
  const algorithm = kind === 'rsa' ? 'RSA' : curveAlgorithm(version);
  const request = createKeyPairRequest(version, {
    common: [algorithmOf(algorithm), keyLength(bits), ...curveOf(kind, bits)],
    privateKey: [usageMask(pairUsage(algorithm, usage.private)), objectName(privateName)],
    publicKey: [usageMask(pairUsage(algorithm, usage.public)), objectName(publicName)],
  });
  return link.ask(request, readCreateKeyPair, generateMs);
}

function curveOf(kind: WantedKeys['kind'], bits: number): readonly Attribute[] {
  if (kind === 'rsa') return [];
  const curve = RECOMMENDED_CURVE[bits === 384 ? 'P-384' : 'P-256'];
  return [structure(TAG['Cryptographic Domain Parameters'], [enumeration(TAG['Recommended Curve'], curve)])];
}
