import { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KekRotationRepository } from '../../src/repositories/kek-rotation.ts';
import type { KekRepository } from '../../src/repositories/keks.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';

export interface StoreFixture {
  readonly store: SecretStore;
  /** Another store of this kind at the same place, with a name or a prefix of its own. */
  readonly sibling?: SecretStore;
  /** The same store opened again, as after a restart. Absent where nothing outlives the process. */
  readonly reopen?: () => Promise<SecretStore>;
  /** For a store whose keys can be replaced. */
  readonly rotation?: RotationFixture;
  /** Called before a secret's first `put`, for a store that needs the secret's row. */
  readonly admit?: (secret: SecretHeader) => Promise<void>;
  /** How many random sequences to play; fewer on a store that takes a second for each operation. */
  readonly runs?: number;
  /** How many secrets are many; fewer on a store that takes long for each, but more than a page of its list. */
  readonly many?: number;
  close(): Promise<void>;
}

export interface RotationFixture {
  readonly keks: KekRepository;
  readonly keksInRotation: KekRotationRepository;
  /** The same store with a new master key in front of those it has. */
  renewed(): Promise<SecretStore>;
}

/** The fixture once it is open: tests are written before that. */
export type Current = () => StoreFixture;

/** A secret nobody else has, known wherever the store needs it known. */
export async function admitted(
  fixture: StoreFixture,
  changes: Partial<SecretHeader> = {},
): Promise<SecretHeader> {
  const secret = aSecretHeader(changes);
  await fixture.admit?.(secret);
  return secret;
}

export const payloadOf = (bytes: string | Buffer): Payload => Payload.copy(Buffer.from(bytes));

export async function bytesOf(
  store: SecretStore,
  secret: SecretHeader,
  ref: StoreRef,
): Promise<Buffer | undefined> {
  return (await store.get(secret, ref))?.bytes();
}

/** What a promise rejected with; fails when it did not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
