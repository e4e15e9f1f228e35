import { CONTENT_CBC_MAC } from '../../crypto/envelope.ts';
import type { RotationLevel, RotationSpec } from '../../model/rotation.ts';
import { timestampFromMillis, toMillis, type Timestamp } from '../../model/timestamp.ts';
import type { KeksWanted } from '../../repositories/kek-rotation.ts';
import type { SealedBefore } from '../../repositories/sealed-payload-rotation.ts';
import { KEK_SETTLED_MS } from '../../stores/key-rotation.ts';
import type { Counts } from '../runs/work-through.ts';
import { resealPayloads, type PayloadsWanted } from './reseal-payloads.ts';
import type { RotateDeps } from './rotate-deps.ts';
import { due, outdated, rewrapKeks, succeedKeks } from './rotate-keks.ts';

/**
 * Replaces keys while they are in use. Each KEK and each payload is verified under its new key and then written if it is as
 * it was seen: the work can be killed at any point, started again, and done by two at once. `failed` are those under old
 * keys still. Ends early, with what it did by then, when the signal of `pace` is aborted.
 */
export function rotateKeys(deps: RotateDeps, spec: RotationSpec): Promise<Counts> {
  return LEVELS[spec.level](deps, spec);
}

type Rotate = (deps: RotateDeps, spec: RotationSpec) => Promise<Counts>;

const LEVELS: Readonly<Record<RotationLevel, Rotate>> = {
  master: async (deps, spec) => {
    const rewrapped = await rewrapAll(deps, spec);
    return isSigning(deps) ? sum(rewrapped, await resealPayloads(deps, signed(deps, spec))) : rewrapped;
  },
  project: async (deps, spec) => {
    const succeeded = await succeedKeks(deps, spec);
    return sum(succeeded, await emptyRetired(deps, spec));
  },
  payload: (deps, spec) => resealPayloads(deps, unsealed(deps, spec)),
};

/** Until a round finds none: a process that wraps by an old one meanwhile adds to them. */
async function rewrapAll(deps: RotateDeps, spec: RotationSpec): Promise<Counts> {
  let total: Counts = { done: 0, skipped: 0, failed: 0 };
  for (;;) {
    const round = await rewrapKeks(deps, spec);
    total = sum(total, round);
    if (round.done === 0 || round.failed > 0 || deps.pace.signal.aborted) return total;
  }
}

const isSigning = ({ store }: Pick<RotateDeps, 'store'>): boolean => store.rotation.masterKeyOf !== undefined;

const all = ({ store }: Pick<RotateDeps, 'store'>, { project }: RotationSpec): KeksWanted => ({
  store: store.name,
  project,
});

/** Payloads that a master key signed: those of the old one are sealed again, the others are left as they are. */
const signed = (deps: Pick<RotateDeps, 'store'>, spec: RotationSpec): PayloadsWanted => ({
  keks: all(deps, spec),
  rows: { contentSuite: CONTENT_CBC_MAC },
  how: 'rewrap',
});

const retired = (deps: Pick<RotateDeps, 'store'>, spec: RotationSpec): PayloadsWanted => ({
  keks: { ...all(deps, spec), state: 'retired' },
  rows: {},
  how: 'rewrap',
});

/** Clocks of hosts differ by less, or by NTP's fault: a payload that came just after the beginning may have come before. */
const CLOCKS_DIFFER_MS = 60_000;

const unsealed = (deps: Pick<RotateDeps, 'store'>, spec: RotationSpec): PayloadsWanted => ({
  keks: all(deps, spec),
  rows: { before: sealedBefore(spec.since) },
  how: 'reseal',
});

const sealedBefore = (since: Timestamp): SealedBefore => ({
  created: timestampFromMillis(toMillis(since) + CLOCKS_DIFFER_MS),
  resealed: since,
});

/**
 * Rounds until nobody can have sealed under a retired KEK any more: for as long as a process may have one at hand, a round
 * finds what came after the one before.
 */
async function emptyRetired(deps: RotateDeps, spec: RotationSpec): Promise<Counts> {
  const wanted = retired(deps, spec);
  const lastRetired = await deps.keksInRotation.lastRetired(wanted.keks);
  const settledMs = lastRetired === undefined ? 0 : toMillis(lastRetired) + KEK_SETTLED_MS;
  let total: Counts = { done: 0, skipped: 0, failed: 0 };
  for (;;) {
    const restMs = settledMs - toMillis(deps.clock());
    const round = await resealPayloads(deps, wanted);
    // Those that failed before have failed again, or have not: they are not to be counted twice.
    total = { ...sum(total, round), failed: round.failed };
    if (restMs <= 0 || deps.pace.signal.aborted) return total;
    await deps.wait(Math.max(0, settledMs - toMillis(deps.clock())));
  }
}

const sum = (a: Counts, b: Counts): Counts => ({
  done: a.done + b.done,
  skipped: a.skipped + b.skipped,
  failed: a.failed + b.failed,
});

/** How many KEKs and payloads a rotation has before it. */
export interface RotationPlan {
  readonly keks: number;
  readonly payloads: number;
}

type PlanDeps = Pick<RotateDeps, 'store' | 'keksInRotation' | 'sealedInRotation'>;

/** Changes nothing. Payloads that come meanwhile are not among them. */
export async function planRotation(deps: PlanDeps, spec: RotationSpec): Promise<RotationPlan> {
  const count = (wanted: PayloadsWanted): Promise<number> =>
    deps.sealedInRotation.countAnyProject(wanted.keks, wanted.rows);
  switch (spec.level) {
    case 'master': {
      const keks = await deps.keksInRotation.countAnyProject(outdated(deps, spec));
      return { keks, payloads: isSigning(deps) ? await count(signed(deps, spec)) : 0 };
    }
    case 'project': {
      const wanted = due(deps, spec);
      const keks = await deps.keksInRotation.countAnyProject(wanted);
      const sealed = await deps.sealedInRotation.countAnyProject(wanted, {});
      return { keks, payloads: sealed + (await count(retired(deps, spec))) };
    }
    case 'payload':
      return { keks: 0, payloads: await count(unsealed(deps, spec)) };
  }
}
