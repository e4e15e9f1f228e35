import { timingSafeEqual } from 'node:crypto';
import {
  BrokerError,
  Conflict,
  DatabaseUnavailable,
  IntegrityError,
  StoreUnavailable,
} from '../../errors.ts';
import type { Receipt } from '../../model/move.ts';
import type { Payload } from '../../model/payload.ts';
import type { SecretId } from '../../model/ids.ts';
import type { Secret } from '../../model/secret.ts';
import type { MoveReceiptRepository, StoredSecret } from '../../repositories/move-receipts.ts';
import { requireCapable } from '../../stores/capabilities.ts';
import { storeRef, type SecretStore, type StoreRef } from '../../stores/secret-store.ts';
import type { ItemOutcome } from '../runs/work-through.ts';
import { clearReceipt, type ClearReceiptDeps } from './clear-receipt.ts';

export interface MoveSecretDeps extends ClearReceiptDeps {
  readonly receipts: MoveReceiptRepository;
  readonly secrets: { findAnyProject(id: SecretId): Promise<Secret | undefined> };
}

/**
 * Copies the payload, reads the copy back, and lets the secret's row point to it, in this order: whoever reads the row
 * finds a payload there that is known to be whole. A secret that was deleted or changed meanwhile is `skipped`, and
 * leaves no copy. Throws when store or database are away: the receipt stays open, for the next attempt.
 */
export async function moveSecret(
  deps: MoveSecretDeps,
  receipt: Receipt,
  secret: StoredSecret,
): Promise<ItemOutcome> {
  try {
    const ref = await copy(deps, secret, receipt.toStore);
    if (await deps.receipts.move(receipt, secret, ref, deps.clock())) return 'done';
  } catch (error) {
    if (isAway(error)) throw error;
    if (await isAsSeen(deps, secret)) return failed(deps, receipt, error);
  }
  return abandon(deps, receipt);
}

/** An open receipt that a dead process left: the copy is made again, or cleared away. */
export async function resumeSecret(deps: MoveSecretDeps, left: Receipt): Promise<ItemOutcome> {
  const receipt = await deps.receipts.claim(left, deps.clock());
  if (receipt === undefined) return 'skipped';
  if (receipt.state !== 'copying') {
    await clearReceipt(deps, receipt);
    return 'skipped';
  }
  const secret = await deps.secrets.findAnyProject(receipt.secret.id);
  const isThere = secret?.state === 'active' && secret.store === receipt.fromStore;
  return isThere ? moveSecret(deps, receipt, secret as StoredSecret) : abandon(deps, receipt);
}

/** Nothing says that the payload or the target is at fault: time heals it. */
export const isAway = (error: unknown): boolean =>
  error instanceof StoreUnavailable || error instanceof DatabaseUnavailable;

async function copy({ stores }: MoveSecretDeps, secret: StoredSecret, to: string): Promise<StoreRef> {
  const [source, target] = [stores.named(secret.store), stores.named(to)];
  const payload = await source.get(secret, storeRef(secret.storeRef));
  if (payload === undefined) throw new IntegrityError('', { detail: `store "${source.name}" has lost it` });
  try {
    requireCapable(target, secret, payload.size);
    const ref = await target.put(secret, payload);
    await verify(target, secret, ref, payload);
    return ref;
  } finally {
    payload.wipe();
  }
}

/** Byte for byte, as whoever reads the secret next will get it. */
export async function verify(
  store: SecretStore,
  secret: Secret,
  ref: StoreRef,
  payload: Payload,
): Promise<void> {
  const copied = await store.get(secret, ref);
  const isSame = copied?.size === payload.size && timingSafeEqual(copied.bytes(), payload.bytes());
  copied?.wipe();
  if (!isSame) throw new IntegrityError('', { detail: `store "${store.name}" gives other bytes back` });
}

async function isAsSeen({ secrets }: MoveSecretDeps, { id, version }: Secret): Promise<boolean> {
  const found = await secrets.findAnyProject(id);
  return found?.version === version && found.state === 'active';
}

/** What is in the copy's place already, and differs, is not ours to destroy. */
async function failed(deps: MoveSecretDeps, receipt: Receipt, error: unknown): Promise<ItemOutcome> {
  if (error instanceof Conflict) {
    const found = `store "${receipt.toStore}" has another payload under the name of this secret`;
    await deps.receipts.fail(receipt, found, deps.clock());
    return 'failed';
  }
  await abandon(deps, receipt, inWords(error));
  return 'failed';
}

async function abandon(deps: MoveSecretDeps, receipt: Receipt, error?: string): Promise<ItemOutcome> {
  const clearing = await deps.receipts.clear(receipt, deps.clock(), error);
  if (clearing !== undefined) await clearReceipt(deps, clearing);
  return 'skipped';
}

/** The operator's own words for it. */
export function inWords(error: unknown): string {
  if (error instanceof BrokerError) return error.detail ?? error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
