import { randomUUID } from 'node:crypto';
import { IntegrityError, type BrokerError } from '../../errors.ts';
import type { KekId, ProjectId } from '../../model/ids.ts';
import type { Secret } from '../../model/secret.ts';
import type { Clock, Timestamp } from '../../model/timestamp.ts';
import type { MovableSecretRepository, SecretsWanted } from '../../repositories/movable-secrets.ts';
import type { SealedPayloadRepository } from '../../repositories/sealed-payloads.ts';
import type { SecretStore } from '../../stores/secret-store.ts';
import { isOwnFailure } from '../runs/own-failure.ts';
import { patiently } from '../runs/patiently.ts';
import { workThrough, type ItemOutcome, type Pace, type Worked } from '../runs/work-through.ts';
import { readPayload, type ReadPayloadDeps } from '../secrets/read-payload.ts';

export interface VerifyDeps extends ReadPayloadDeps {
  readonly movable: Pick<MovableSecretRepository, 'listAnyProject'>;
  readonly sealedPayloads: Pick<SealedPayloadRepository, 'find'>;
  readonly pace: Pace;
  readonly clock: Clock;
  /** Which secret does not come back as it went in, and why. */
  readonly onFailure: (secret: Secret, error: BrokerError) => void;
}

export interface VerifyWish {
  readonly project?: ProjectId | undefined;
  /** So many, drawn by lot. Left out: all. */
  readonly sample?: number | undefined;
}

/** What came of the payloads under one key: of a project and store, where the store has keys of its own. */
export interface VerifiedKey {
  readonly projectId: ProjectId;
  /** Null: the store's own affair. */
  readonly kekId: KekId | null;
  readonly read: number;
  readonly failed: number;
}

/**
 * Reads the payloads of a store as a GET would, and lets go of them. Nothing is changed. Secrets that are moved, deleted or
 * sealed anew meanwhile are no failures. Throws `StoreUnavailable` when the store stays away for two minutes; ends early,
 * with what it read by then, when the signal of `pace` is aborted.
 */
export async function verifyPayloads(
  deps: VerifyDeps,
  store: SecretStore,
  wish: VerifyWish,
): Promise<readonly VerifiedKey[]> {
  const tally = createTally();
  const verify = ({ secret }: Item): Promise<ItemOutcome> =>
    patiently(deps.pace.signal, () => verifyOne(deps, store, secret, tally));
  await workThrough(pagesOf(deps, store, wish), verify, deps.pace);
  return tally.keys();
}

/** How many payloads that is, as of now. */
export async function countPayloads(
  movable: Pick<MovableSecretRepository, 'countAnyProject'>,
  store: string,
  { project, sample }: VerifyWish,
  now: Timestamp,
): Promise<number> {
  const counts = await movable.countAnyProject(allAt(store, project), now);
  const all = counts.reduce((sum, { secrets }) => sum + secrets, 0);
  return sample === undefined ? all : Math.min(all, sample);
}

/** What a move away from there would be about. */
const allAt = (store: string, project: ProjectId | undefined): SecretsWanted => ({
  from: store,
  to: store,
  project,
});

interface Item extends Worked {
  readonly secret: Secret;
}
type Pages = (after: string | undefined) => Promise<readonly Item[]>;

const PAGE = 200;

function pagesOf(
  { movable, clock }: VerifyDeps,
  { name }: SecretStore,
  { project, sample }: VerifyWish,
): Pages {
  const began = clock();
  const page = async (after: string | undefined, limit: number): Promise<readonly Item[]> =>
    (await movable.listAnyProject(allAt(name, project), began, after, limit)).map((secret) => ({
      key: secret.id,
      secret,
    }));
  if (sample === undefined) return (after) => page(after, PAGE);
  // Ids are random, so those that follow a random one are as good as any.
  return async (after) => {
    if (after !== undefined) return [];
    const begin = randomUUID();
    const drawn = await page(begin, sample);
    const wrapped = drawn.length < sample ? await page(undefined, sample - drawn.length) : [];
    return [...wrapped.filter(({ key }) => key <= begin), ...drawn];
  };
}

async function verifyOne(
  deps: VerifyDeps,
  store: SecretStore,
  secret: Secret,
  tally: Tally,
): Promise<ItemOutcome> {
  const sealed =
    store.sealer === undefined ? undefined : await deps.sealedPayloads.find(secret.id, store.name);
  const kekId = sealed?.kekId ?? null;
  try {
    const payload = await readPayload(deps, secret, sealed);
    const { size } = payload;
    payload.wipe();
    if (size !== secret.payloadSize)
      throw new IntegrityError('', { detail: `${size} bytes came back of ${String(secret.payloadSize)}` });
  } catch (error) {
    if (!isOwnFailure(error)) throw error;
    if ((await deps.secrets.findAnyProject(secret.id))?.state !== 'active') return 'skipped';
    deps.onFailure(secret, error);
    tally.count(secret.projectId, kekId, 'failed');
    return 'failed';
  }
  tally.count(secret.projectId, kekId, 'read');
  return 'done';
}

interface Tally {
  count(project: ProjectId, kek: KekId | null, what: 'read' | 'failed'): void;
  keys(): readonly VerifiedKey[];
}

function createTally(): Tally {
  const found = new Map<
    string,
    { projectId: ProjectId; kekId: KekId | null; read: number; failed: number }
  >();
  return {
    count: (projectId, kekId, what) => {
      const key = `${projectId}\0${kekId ?? ''}`;
      const entry = found.get(key) ?? { projectId, kekId, read: 0, failed: 0 };
      entry[what] += 1;
      found.set(key, entry);
    },
    keys: () => [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry),
  };
}
