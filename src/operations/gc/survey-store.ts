import type { Secret } from '../../model/secret.ts';
import type { GarbageRepository, Known } from '../../repositories/garbage.ts';
import type { MoveReceiptRepository } from '../../repositories/move-receipts.ts';
import { everyObject, type Inventory, type StoredObject } from '../../stores/inventory.ts';
import type { SecretStore } from '../../stores/secret-store.ts';

export interface SurveyDeps {
  readonly garbage: Pick<GarbageRepository, 'lookUpAnyProject'>;
  readonly receipts: Pick<MoveReceiptRepository, 'findOpen'>;
  readonly signal: AbortSignal;
}

/** An object whose secret's row points elsewhere. */
export interface SpareObject {
  readonly object: StoredObject;
  /** As it was read. */
  readonly secret: Secret;
}

export interface StoreSurvey {
  readonly objects: number;
  /** Nobody refers to them, and nobody will. Also what a killed start left. */
  readonly orphans: readonly StoredObject[];
  readonly copies: readonly SpareObject[];
  /** Of secrets, orders or moves under way: theirs to finish, or the sweep's. */
  readonly underWay: number;
}

const LOOKED_UP_AT_ONCE = 500;
/** Held in memory until the whole store was seen. The next run finds the others. */
const MOST_HELD = 100_000;

/**
 * What a store holds that no row refers to. The list comes first and the rows after it: a payload is put only where a row
 * names it, and a row that is gone does not come back, so an object without a row by then will never have one.
 */
export async function surveyStore(
  deps: SurveyDeps,
  store: SecretStore,
  inventory: Inventory,
): Promise<StoreSurvey> {
  const survey = {
    objects: 0,
    orphans: [] as StoredObject[],
    copies: [] as SpareObject[],
    underWay: 0,
  };
  for await (const objects of batches(everyObject(inventory), LOOKED_UP_AT_ONCE)) {
    deps.signal.throwIfAborted();
    const ids = objects.flatMap(({ secretId }) => secretId ?? []);
    const known = await deps.garbage.lookUpAnyProject(ids);
    survey.objects += objects.length;
    for (const object of objects) {
      const verdict = await judge(deps, store.name, object, known);
      if (verdict === 'under way') survey.underWay += 1;
      if (survey.orphans.length + survey.copies.length >= MOST_HELD) continue;
      if (verdict === 'orphan') survey.orphans.push(object);
      if (typeof verdict === 'object') survey.copies.push(verdict);
    }
  }
  return survey;
}

type Verdict = 'in use' | 'under way' | 'orphan' | SpareObject;

async function judge(
  { receipts }: SurveyDeps,
  store: string,
  object: StoredObject,
  { secrets, ordered }: Known,
): Promise<Verdict> {
  const { secretId, ref } = object;
  if (secretId === undefined) return 'orphan';
  const secret = secrets.get(secretId);
  if (secret === undefined) return ordered.has(secretId) ? 'under way' : 'orphan';
  if (secret.store === store && secret.storeRef === ref) return 'in use';
  if (secret.state !== 'active' || (await receipts.findOpen(secretId)) !== undefined) return 'under way';
  return { object, secret };
}

async function* batches<T>(all: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
