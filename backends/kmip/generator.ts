import { Conflict, StoreRejected } from '../../src/errors.ts';
import type { PairKind } from '../../src/model/key-kind.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KeyGenerator, KeyPairHeaders, MadeKey, MadePair } from '../../src/stores/secret-store.ts';
import { tryMaking, type Makes } from './abilities.ts';
import type { KmipClient } from './client.ts';
import { createKey, createPair, type CreateOptions } from './create.ts';
import { destroyAll } from './destroy.ts';
import { fetchPayload, locateAll } from './find.ts';
import { symmetricAlgorithm } from './forms.ts';
import type { Link } from './links.ts';
import { objectNameOf, refOf, type Place } from './names.ts';
import { activateObject } from './state.ts';

export interface GeneratorOptions extends CreateOptions {
  readonly activate: boolean;
}

/**
 * Keys that the server makes: Create and Create Key Pair. What is claimed was tried when the store was opened. An object
 * that an earlier attempt left under the secret's name is adopted: nothing is made twice.
 */
export async function createGenerator(client: KmipClient, options: GeneratorOptions): Promise<KeyGenerator> {
  const makes = await client.runOnce((link) => tryMaking(link, options));
  return {
    makesKey: (secret, bits) => lengthOf(makes, secret, bits) !== undefined,
    makeKey: (secret, bits) => client.runOnce((link) => makeKey(link, options, makes, secret, bits)),
    makesPair: (kind, bits) => makes.pair(kind, bits),
    makePair: (pair, kind, bits) => client.runOnce((link) => makePair(link, options, pair, kind, bits)),
  };
}

function lengthOf(makes: Makes, { algorithm }: SecretHeader, bits: number): number | undefined {
  const name = symmetricAlgorithm(algorithm);
  return name && makes.keyLength(name, bits);
}

/** With parity, which the length in bits may leave out. */
const DES3_BYTES = 24;

async function makeKey(
  link: Link,
  options: GeneratorOptions,
  makes: Makes,
  secret: SecretHeader,
  bits: number,
): Promise<MadeKey> {
  const algorithm = symmetricAlgorithm(secret.algorithm);
  const length = lengthOf(makes, secret, bits);
  if (algorithm === undefined || length === undefined)
    throw new StoreRejected(`${link.place} was asked for a key that it does not make`);
  const [found] = await locateAll(link, options.naming, secret);
  const name = objectNameOf(options.naming, secret, 'put');
  const place: Place = found ?? {
    uid: await createKey(link, options, { name, algorithm, length }),
    origin: 'put',
  };
  const made = await finished(link, options, secret, place);
  if (found !== undefined && made.size !== (algorithm === '3DES' ? DES3_BYTES : bits / 8))
    throw new Conflict('Secret already has data, cannot modify it.');
  return made;
}

async function makePair(
  link: Link,
  options: GeneratorOptions,
  pair: KeyPairHeaders,
  kind: PairKind,
  bits: number,
): Promise<MadePair> {
  const places = (await foundPair(link, options, pair)) ?? (await newPair(link, options, pair, kind, bits));
  return {
    privateKey: await finished(link, options, pair.privateKey, places.privateKey),
    publicKey: await finished(link, options, pair.publicKey, places.publicKey),
  };
}

type PairPlaces = Readonly<Record<keyof KeyPairHeaders, Place>>;

/** Both halves of an earlier attempt. One alone is of no use, and is destroyed. */
async function foundPair(
  link: Link,
  { naming }: GeneratorOptions,
  { privateKey, publicKey }: KeyPairHeaders,
): Promise<PairPlaces | undefined> {
  const [privatePlace] = await locateAll(link, naming, privateKey);
  const [publicPlace] = await locateAll(link, naming, publicKey);
  if (privatePlace !== undefined && publicPlace !== undefined)
    return { privateKey: privatePlace, publicKey: publicPlace };
  if (privatePlace !== undefined) await destroyAll(link, naming, privateKey, privatePlace);
  if (publicPlace !== undefined) await destroyAll(link, naming, publicKey, publicPlace);
  return undefined;
}

async function newPair(
  link: Link,
  options: GeneratorOptions,
  { privateKey, publicKey }: KeyPairHeaders,
  kind: PairKind,
  bits: number,
): Promise<PairPlaces> {
  if (kind !== 'rsa' && kind !== 'ecdsa')
    throw new StoreRejected(`${link.place} was asked for a pair that it does not make`);
  const made = await createPair(link, options, {
    kind,
    bits,
    privateName: objectNameOf(options.naming, privateKey, 'made'),
    publicName: objectNameOf(options.naming, publicKey, 'made'),
  });
  return {
    privateKey: { uid: made.privateKey, origin: 'made' },
    publicKey: { uid: made.publicKey, origin: 'made' },
  };
}

/** Active, where that is wanted, and read once: a key that the server does not let out is of no use to the broker. */
async function finished(
  link: Link,
  { activate }: GeneratorOptions,
  secret: SecretHeader,
  place: Place,
): Promise<MadeKey> {
  if (activate) await activateObject(link, place.uid);
  const payload = await fetchPayload(link, secret, place);
  if (payload === undefined)
    throw new StoreRejected(`${link.place} has lost the key it made for secret ${secret.id}`);
  const { size } = payload;
  payload.wipe();
  return { ref: refOf(secret, place), size };
}
