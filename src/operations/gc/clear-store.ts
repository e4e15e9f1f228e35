import { BrokerError, Conflict } from '../../errors.ts';
import { errorFields, type Log } from '../../log.ts';
import type { Secret } from '../../model/secret.ts';
import type { Clock } from '../../model/timestamp.ts';
import type { GarbageRepository } from '../../repositories/garbage.ts';
import type { MoveReceiptRepository } from '../../repositories/move-receipts.ts';
import type { SecretRepository } from '../../repositories/secrets.ts';
import type { Inventory, StoredObject } from '../../stores/inventory.ts';
import type { StoreRegistry } from '../../stores/registry.ts';
import { storeRef, type SecretStore } from '../../stores/secret-store.ts';
import { clearReceipt } from '../moves/clear-receipt.ts';
import { workThrough, type Counts, type ItemOutcome, type Pace } from '../runs/work-through.ts';
import type { SpareObject, StoreSurvey } from './survey-store.ts';

export interface ClearStoreDeps {
  readonly garbage: Pick<GarbageRepository, 'lookUpAnyProject'>;
  readonly secrets: SecretRepository;
  readonly receipts: MoveReceiptRepository;
  readonly stores: StoreRegistry;
  readonly log: Log;
  readonly clock: Clock;
  readonly pace: Pace;
}

interface Garbage {
  readonly key: string;
  readonly object: StoredObject;
  /** Of an extra copy. */
  readonly secret?: Secret;
}

/** Destroys what a survey found. What came to be used, or changed, since then is `skipped`. */
export function clearStore(
  deps: ClearStoreDeps,
  store: SecretStore,
  inventory: Inventory,
  { orphans, copies }: Pick<StoreSurvey, 'orphans' | 'copies'>,
): Promise<Counts> {
  const garbage: readonly Garbage[] = [
    ...orphans.map((object) => ({ key: object.ref, object })),
    ...copies.map((copy: SpareObject) => ({ key: copy.object.ref, ...copy })),
  ];
  return workThrough(
    (after) => Promise.resolve(after === undefined ? garbage : []),
    (one) => clearOne(deps, store, inventory, one),
    deps.pace,
  );
}

async function clearOne(
  deps: ClearStoreDeps,
  store: SecretStore,
  inventory: Inventory,
  { object, secret }: Garbage,
): Promise<ItemOutcome> {
  const { secretId, ref } = object;
  const fields = { store: store.name, ...(secretId === undefined ? {} : { secret: secretId }), object: ref };
  try {
    const outcome =
      secret === undefined
        ? await clearOrphan(deps, inventory, object)
        : await clearCopy(deps, store, inventory, { object, secret });
    if (outcome === 'done') deps.log.info('destroyed an object that no row refers to', fields);
    return outcome;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    deps.log.warn('could not destroy an object that no row refers to', { ...fields, ...errorFields(error) });
    return 'failed';
  }
}

/** Between the survey and now an operator may have brought rows back that were lost. */
async function clearOrphan(
  { garbage }: ClearStoreDeps,
  inventory: Inventory,
  object: StoredObject,
): Promise<ItemOutcome> {
  const { secretId } = object;
  if (secretId !== undefined) {
    const { secrets, ordered } = await garbage.lookUpAnyProject([secretId]);
    if (secrets.has(secretId) || ordered.has(secretId)) return 'skipped';
  }
  await inventory.destroy(object);
  return 'done';
}

/**
 * Of a secret that lives. Only a move, or a second step that brings the payload, could make the row point to this object:
 * whoever clears it away takes the place of either first. A payload is safe in the place that the row names, or nothing
 * is destroyed: also a ref that its store writes otherwise today than it did then is such a case.
 */
async function clearCopy(
  deps: ClearStoreDeps,
  store: SecretStore,
  inventory: Inventory,
  { object, secret }: SpareObject,
): Promise<ItemOutcome> {
  if (secret.store === null) return clearBesideNothing(deps, store, inventory, { object, secret });
  const kept = await deps.stores.named(secret.store).locate(secret);
  if (kept === undefined || kept !== storeRef(secret.storeRef ?? '')) return 'skipped';
  const spare = { secret, store: store.name, ref: object.ref };
  const receipt = await deps.receipts.beginClearing(spare, deps.clock());
  if (receipt === undefined) return 'skipped';
  await clearReceipt(deps, receipt);
  return 'done';
}

/** A secret without payload: `filling` keeps a second step out, and the sweep ends it if we do not. */
async function clearBesideNothing(
  { secrets, clock }: ClearStoreDeps,
  store: SecretStore,
  inventory: Inventory,
  { object, secret }: SpareObject,
): Promise<ItemOutcome> {
  try {
    const filling = await secrets.markFilling(secret, store.name, clock());
    await inventory.destroy(object);
    await secrets.unfill(filling, clock());
    return 'done';
  } catch (error) {
    if (error instanceof Conflict) return 'skipped';
    throw error;
  }
}
