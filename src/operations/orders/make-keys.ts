import { generateKey } from '../../crypto/generate-key.ts';
import { generateKeyPair } from '../../crypto/generate-key-pair.ts';
import { InternalError } from '../../errors.ts';
import type { Member } from '../../model/container.ts';
import type { ContainerId, SecretId } from '../../model/ids.ts';
import type { PairKind } from '../../model/key-kind.ts';
import type { Payload } from '../../model/payload.ts';
import type { Secret, SecretType } from '../../model/secret.ts';
import type { Clock, Timestamp } from '../../model/timestamp.ts';
import type { ClaimedOrder } from '../../repositories/order-rows.ts';
import type { KeptSecret, Made } from '../../repositories/orders.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { KeyGenerator, SecretStore } from '../../stores/secret-store.ts';
import { expectSecret, keepMade, keepSecret } from './keep-secret.ts';
import { orderedSecret, textIn } from './ordered-secret.ts';
import type { Wanted } from './wanted-key.ts';

export interface MakeKeysDeps {
  readonly secrets: SecretRepository;
  readonly clock: Clock;
}

/** The passphrase of an order, kept since it was placed. */
export interface HeldPassphrase {
  readonly secret: Secret;
  readonly ref: string;
  readonly payload: Payload;
}

export async function makeKey(
  deps: MakeKeysDeps,
  claim: ClaimedOrder,
  store: SecretStore,
  bits: number,
): Promise<Made> {
  return { secrets: [await makeOrHaveMade(deps, claim, store, bits)], container: null };
}

/** By the store if it can: such a key is never in our memory, or only sealed. */
async function makeOrHaveMade(
  deps: MakeKeysDeps,
  claim: ClaimedOrder,
  store: SecretStore,
  bits: number,
): Promise<KeptSecret> {
  const { order, plan } = claim;
  const draft = orderedSecret(order, plan.secretId, 'symmetric', deps.clock());
  if (store.generator?.makesKey(draft, bits) !== true) {
    return keep(deps, claim, store, 'symmetric', plan.secretId, await generateKey(bits));
  }
  const expected = await expectSecret(deps, draft, store);
  return keepMade(expected, store, await store.generator.makeKey(expected, bits));
}

/** A pair as an order asks for it. */
export interface WantedPair {
  readonly kind: Exclude<Wanted['kind'], 'key'>;
  readonly bits: number;
  readonly passphrase: HeldPassphrase | undefined;
}

export async function makePair(
  deps: MakeKeysDeps,
  claim: ClaimedOrder,
  store: SecretStore,
  { kind, bits, passphrase }: WantedPair,
): Promise<Made> {
  const { secretId, publicId, containerId } = claim.plan;
  if (publicId === null || containerId === null) {
    throw new InternalError('', { detail: `order ${claim.order.id} has no ids for a pair` });
  }
  const ids = { privateId: secretId, publicId };
  const secrets =
    passphrase === undefined && store.generator?.makesPair(kind, bits) === true
      ? await havePairMade(deps, claim, store, store.generator, { ...ids, kind, bits })
      : await makeAndKeepPair(deps, claim, store, { ...ids, kind, bits, passphrase });
  if (passphrase !== undefined) secrets.push({ secret: passphrase.secret, ref: passphrase.ref });
  const members = secrets.map(({ secret }) => memberOf(secret));
  return { secrets, container: { row: containerOf(claim, containerId, kind, deps.clock()), members } };
}

interface PairIds {
  readonly privateId: SecretId;
  readonly publicId: SecretId;
}

async function makeAndKeepPair(
  deps: MakeKeysDeps,
  claim: ClaimedOrder,
  store: SecretStore,
  { privateId, publicId, kind, bits, passphrase }: WantedPair & PairIds,
): Promise<KeptSecret[]> {
  const { privateKey, publicKey } = await generateKeyPair(kind, bits, passphrase?.payload);
  return [
    await keep(deps, claim, store, 'private', privateId, privateKey),
    await keep(deps, claim, store, 'public', publicId, publicKey),
  ];
}

/** A private key that is to be encrypted with a passphrase is not asked of a store: none does that. */
async function havePairMade(
  deps: MakeKeysDeps,
  { order }: ClaimedOrder,
  store: SecretStore,
  generator: KeyGenerator,
  { privateId, publicId, kind, bits }: Omit<WantedPair, 'passphrase'> & PairIds,
): Promise<KeptSecret[]> {
  const expect = (id: SecretId, type: SecretType): Promise<Secret> =>
    expectSecret(deps, orderedSecret(order, id, type, deps.clock()), store);
  const privateKey = await expect(privateId, 'private');
  const publicKey = await expect(publicId, 'public');
  const made = await generator.makePair({ privateKey, publicKey }, kind, bits);
  return [keepMade(privateKey, store, made.privateKey), keepMade(publicKey, store, made.publicKey)];
}

/** Wipes the payload, whatever becomes of it. */
async function keep(
  deps: MakeKeysDeps,
  { order }: ClaimedOrder,
  store: SecretStore,
  secretType: SecretType,
  id: SecretId,
  payload: Payload,
): Promise<KeptSecret> {
  try {
    return await keepSecret(deps, orderedSecret(order, id, secretType, deps.clock()), store, payload);
  } finally {
    payload.wipe();
  }
}

const MEMBER_NAMES: Readonly<Partial<Record<SecretType, string>>> = {
  private: 'private_key',
  public: 'public_key',
  passphrase: 'private_key_passphrase',
};

const memberOf = ({ id, secretType }: Secret): Member => ({
  name: MEMBER_NAMES[secretType] ?? null,
  secretId: id,
});

function containerOf(
  { order }: ClaimedOrder,
  id: ContainerId,
  kind: PairKind,
  now: Timestamp,
): NonNullable<Made['container']>['row'] {
  const { projectId, creatorId, meta } = order;
  // Clients know no type of container for the others.
  const type = kind === 'rsa' || kind === 'dsa' ? kind : 'generic';
  return { id, projectId, creatorId, name: textIn(meta, 'name'), type, createdAt: now, updatedAt: now };
}
