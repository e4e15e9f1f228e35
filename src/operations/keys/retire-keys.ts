import { CONTENT_CBC_MAC } from '../../crypto/envelope.ts';
import type { KekId } from '../../model/ids.ts';
import { timestampFromMillis, toMillis, type Timestamp } from '../../model/timestamp.ts';
import type { KeksWanted } from '../../repositories/kek-rotation.ts';
import { KEK_SETTLED_MS } from '../../stores/key-rotation.ts';
import { patiently } from '../runs/patiently.ts';
import { workThrough, type ItemOutcome } from '../runs/work-through.ts';
import type { RotateDeps } from './rotate-deps.ts';
import { sealedPages, type SealedItem } from './sealed-pages.ts';

export type RetireDeps = Pick<
  RotateDeps,
  'store' | 'keks' | 'keksInRotation' | 'sealedPayloads' | 'sealedInRotation' | 'pace' | 'clock'
>;

/** What would be lost with a master key. */
export interface MasterKeyUse {
  /** KEKs that it wraps. */
  readonly keks: number;
  /** Payloads that it signed: of a token without GCM. */
  readonly payloads: number;
}

/** By counting, and where payloads need a master key themselves by asking for each. */
export async function findMasterKeyUse(deps: RetireDeps, id: string): Promise<MasterKeyUse> {
  const keks = (await deps.keks.countAnyProjectByRootKey(deps.store.name)).get(id) ?? 0;
  return { keks, payloads: await countSigned(deps, id) };
}

async function countSigned(deps: RetireDeps, id: string): Promise<number> {
  const { store, sealedPayloads, pace } = deps;
  const { masterKeyOf } = store.rotation;
  if (masterKeyOf === undefined) return 0;
  const rows = { contentSuite: CONTENT_CBC_MAC };
  const look = async ({ secret }: SealedItem): Promise<ItemOutcome> => {
    const sealed = await sealedPayloads.find(secret.id, store.name);
    if (sealed === undefined) return 'skipped';
    const signer = await patiently(pace.signal, () => masterKeyOf(secret, sealed));
    return signer === id ? 'done' : 'skipped';
  };
  const counts = await workThrough(sealedPages(deps, { keks: { store: store.name }, rows }), look, pace);
  // A count of some of them must not pass for a count of all.
  pace.signal.throwIfAborted();
  return counts.done;
}

/** Milliseconds until no process has a KEK at hand as an older master key wrapped it. */
export async function untilForgotten({ store, keksInRotation, clock }: RetireDeps): Promise<number> {
  const last = await keksInRotation.lastRewrapped(store.name);
  return last === undefined ? 0 : Math.max(0, toMillis(last) + KEK_SETTLED_MS - toMillis(clock()));
}

export interface DestroyedKeks {
  readonly destroyed: number;
  /** Payloads are under them still: a rotation of the project's keys did not reach its end. */
  readonly needed: number;
  /** Retired so lately that a process may still seal under them. */
  readonly young: number;
}

const PAGE = 100;

/** Destroys the retired KEKs that nothing needs. The database refuses where a payload comes in between. */
export async function destroyRetiredKeks(deps: RetireDeps): Promise<DestroyedKeks> {
  const { keksInRotation, pace, clock } = deps;
  const before: Timestamp = timestampFromMillis(toMillis(clock()) - KEK_SETTLED_MS);
  const retired: KeksWanted = { store: deps.store.name, state: 'retired' };
  const pages = async (after: string | undefined) => {
    const page = { after: after as KekId | undefined, limit: PAGE };
    const keks = await keksInRotation.listAnyProject({ ...retired, retiredBefore: before }, page);
    return keks.map(({ id }) => ({ key: id, id }));
  };
  const destroy = async ({ id }: { readonly id: KekId }): Promise<ItemOutcome> =>
    (await keksInRotation.destroy(id, before, clock())) ? 'done' : 'skipped';
  const { done, skipped } = await workThrough(pages, destroy, pace);
  const left = await keksInRotation.countAnyProject(retired);
  return { destroyed: done, needed: skipped, young: Math.max(0, left - skipped) };
}
