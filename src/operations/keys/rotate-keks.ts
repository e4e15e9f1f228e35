import type { KekId } from '../../model/ids.ts';
import type { KekRecord } from '../../model/kek.ts';
import type { RotationSpec } from '../../model/rotation.ts';
import type { KeksWanted } from '../../repositories/kek-rotation.ts';
import { workThrough, type Counts, type ItemOutcome } from '../runs/work-through.ts';
import { attempt } from './attempt.ts';
import type { RotateDeps } from './rotate-deps.ts';

const PAGE = 100;

/** Puts every KEK that another one wraps under the first master key. Payloads are not touched. */
export function rewrapKeks(deps: RotateDeps, spec: RotationSpec): Promise<Counts> {
  return throughKeks(deps, outdated(deps, spec), (id) => rewrapKek(deps, id));
}

/** The KEKs that are not under the first master key. */
export const outdated = ({ store }: Pick<RotateDeps, 'store'>, { project }: RotationSpec): KeksWanted => ({
  store: store.name,
  project,
  notUnder: store.rotation.masterKeys[0],
});

async function rewrapKek(
  { store, keks, keksInRotation, clock }: RotateDeps,
  id: KekId,
): Promise<ItemOutcome | undefined> {
  const kek = await keks.findAnyProject(id);
  if (kek === undefined || kek.state === 'destroyed') return 'skipped';
  const fresh = await store.rotation.rewrap(kek);
  if (fresh === undefined) return 'skipped';
  return (await keksInRotation.replaceWrapped(kek, fresh, clock())) ? 'done' : undefined;
}

/** Gives every project that has a KEK from before the rotation a new one; from then on payloads are sealed under that. */
export function succeedKeks(deps: RotateDeps, spec: RotationSpec): Promise<Counts> {
  return throughKeks(deps, due(deps, spec), (id) => succeedKek(deps, id));
}

/** The active KEKs that were there before the rotation. */
export const due = ({ store }: Pick<RotateDeps, 'store'>, spec: RotationSpec): KeksWanted => ({
  store: store.name,
  project: spec.project,
  state: 'active',
  createdBefore: spec.since,
});

async function succeedKek(
  { store, keks, keksInRotation, clock }: RotateDeps,
  id: KekId,
): Promise<ItemOutcome | undefined> {
  const kek = await keks.findAnyProject(id);
  if (kek?.state !== 'active') return 'skipped';
  const version = (await keks.latestVersion(store.name, kek.projectId)) + 1;
  const successor = await store.rotation.newKek(kek.projectId, version);
  return (await keksInRotation.rotateActive(kek, successor, clock())) ? 'done' : undefined;
}

function throughKeks(
  deps: RotateDeps,
  wanted: KeksWanted,
  work: (id: KekId) => Promise<ItemOutcome | undefined>,
): Promise<Counts> {
  const pages = async (after: string | undefined) => {
    const page = await deps.keksInRotation.listAnyProject(wanted, {
      after: after as KekId | undefined,
      limit: PAGE,
    });
    return page.map((kek) => ({ key: kek.id, kek }));
  };
  const one = ({ kek }: { readonly kek: KekRecord }): Promise<ItemOutcome> =>
    attempt(deps, { phase: 'keks', name: `KEK ${kek.id} of project ${kek.projectId}` }, () => work(kek.id));
  return workThrough(pages, one, deps.pace);
}
