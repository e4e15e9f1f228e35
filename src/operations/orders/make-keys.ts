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
import type { SecretStore } from '../../stores/secret-store.ts';
import { keepSecret } from './keep-secret.ts';
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
  const key = await generateKey(bits);
  return {
    secrets: [await keep(deps, claim, store, 'symmetric', claim.plan.secretId, key)],
    container: null,
  };
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
  const { privateKey, publicKey } = await generateKeyPair(kind, bits, passphrase?.payload);
  const secrets: KeptSecret[] = [
    await keep(deps, claim, store, 'private', secretId, privateKey),
    await keep(deps, claim, store, 'public', publicId, publicKey),
  ];
  if (passphrase !== undefined) secrets.push({ secret: passphrase.secret, ref: passphrase.ref });
  const members = secrets.map(({ secret }) => memberOf(secret));
  return { secrets, container: { row: containerOf(claim, containerId, kind, deps.clock()), members } };
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
