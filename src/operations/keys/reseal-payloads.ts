import { IntegrityError } from '../../errors.ts';
import type { ProjectId } from '../../model/ids.ts';
import type { KekRecord } from '../../model/kek.ts';
import type { SecretHeader } from '../../model/secret.ts';
import type { Resealing } from '../../stores/key-rotation.ts';
import { workThrough, type Counts, type ItemOutcome } from '../runs/work-through.ts';
import { attempt } from './attempt.ts';
import type { RotateDeps } from './rotate-deps.ts';
import { sealedPages, type RowsWanted, type SealedItem } from './sealed-pages.ts';

export interface PayloadsWanted extends RowsWanted {
  readonly how: Resealing;
}

/** Puts payloads under the KEKs that are active, one row at a time, wherever nothing changed meanwhile. */
export function resealPayloads(deps: RotateDeps, wanted: PayloadsWanted): Promise<Counts> {
  const activeOf = createActiveKeks(deps);
  const one = ({ secret }: SealedItem): Promise<ItemOutcome> =>
    attempt(deps, { phase: 'payloads', name: `secret ${secret.id} of project ${secret.projectId}` }, () =>
      resealOne(deps, secret, activeOf, wanted.how),
    );
  return workThrough(sealedPages(deps, wanted), one, deps.pace);
}

async function resealOne(
  { store, sealedPayloads, sealedInRotation, clock }: RotateDeps,
  secret: SecretHeader,
  activeOf: ActiveKeks,
  how: Resealing,
): Promise<ItemOutcome | undefined> {
  const seen = await sealedPayloads.find(secret.id, store.name);
  if (seen === undefined) return 'skipped';
  const fresh = await store.rotation.reseal(secret, seen, await activeOf(secret.projectId), how);
  if (fresh === undefined) return 'skipped';
  const replacement = { sealed: fresh, now: clock(), isResealed: how === 'reseal' };
  return (await sealedInRotation.replace(secret.id, store.name, seen, replacement)) ? 'done' : undefined;
}

type ActiveKeks = (project: ProjectId) => Promise<KekRecord>;

/** Rows come project by project. A KEK that somebody retires meanwhile is one that the next round finds. */
const ACTIVE_MS = 1_000;
const MANY_PROJECTS = 1_000;

function createActiveKeks({ store, keks }: RotateDeps): ActiveKeks {
  const known = new Map<ProjectId, { readonly kek: KekRecord; readonly untilMs: number }>();
  return async (project) => {
    const entry = known.get(project);
    if (entry !== undefined && entry.untilMs > performance.now()) return entry.kek;
    const kek = await keks.findActive(store.name, project);
    if (kek === undefined) throw new IntegrityError('', { detail: `project ${project} has no active KEK` });
    if (known.size >= MANY_PROJECTS) known.clear();
    known.set(project, { kek, untilMs: performance.now() + ACTIVE_MS });
    return kek;
  };
}
