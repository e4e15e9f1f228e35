import { randomUUID } from 'node:crypto';
import { createKeyCache } from '../../src/crypto/key-cache.ts';
import { Conflict, IntegrityError, StoreUnavailable } from '../../src/errors.ts';
import { kekId, type KekId, type ProjectId } from '../../src/model/ids.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KekRecord, KekRepository } from '../../src/repositories/keks.ts';
import { KEK_CACHE_MS } from '../../src/stores/key-rotation.ts';
import type { ProjectKek, RootKeys } from './root-keys.ts';

const CACHED_KEKS = 10_000;

/** The KEKs of one store, unwrapped and cached. */
export interface ProjectKeks {
  /** The project's active KEK, if it is at hand: without waiting, for the hot path. */
  cached(project: ProjectId): ProjectKek | undefined;
  /** The project's active KEK, created at its first use. */
  load(project: ProjectId): Promise<ProjectKek>;
  cachedById(id: KekId): ProjectKek | undefined;
  loadById(id: KekId): Promise<ProjectKek>;
  clear(): void;
}

export interface ProjectKeksDeps {
  readonly store: string;
  readonly keks: KekRepository;
  readonly rootKeys: RootKeys;
  readonly clock: Clock;
}

export function createProjectKeks(deps: ProjectKeksDeps): ProjectKeks {
  const limits = { maxEntries: CACHED_KEKS, ttlMs: KEK_CACHE_MS };
  const active = createKeyCache<ProjectId, ProjectKek>(limits);
  const byId = createKeyCache<KekId, ProjectKek>(limits);
  // Of many first requests at once, one reads or creates the KEK and all wait for it.
  const loading = new Map<string, Promise<ProjectKek>>();
  const once = (key: string, work: () => Promise<ProjectKek>): Promise<ProjectKek> => {
    const running = loading.get(key) ?? work().finally(() => loading.delete(key));
    loading.set(key, running);
    return running;
  };
  const keep = (kek: ProjectKek): ProjectKek => {
    byId.set(kek.id, kek);
    return kek;
  };
  return {
    cached: (project) => active.get(project),
    load: (project) =>
      once(`project ${project}`, async () => {
        const kek = keep(deps.rootKeys.unwrap(await findOrCreate(deps, project)));
        active.set(project, kek);
        return kek;
      }),
    cachedById: (id) => byId.get(id),
    loadById: (id) => once(`kek ${id}`, async () => keep(deps.rootKeys.unwrap(await find(deps, id)))),
    clear: () => {
      active.clear();
      byId.clear();
    },
  };
}

async function findOrCreate(
  { store, keks, rootKeys, clock }: ProjectKeksDeps,
  project: ProjectId,
): Promise<KekRecord> {
  const found = await keks.findActive(store, project);
  if (found !== undefined) return found;
  const version = (await keks.latestVersion(store, project)) + 1;
  const id = kekId(randomUUID());
  const fresh = rootKeys.wrapNew({ id, store, projectId: project, version, createdAt: clock() });
  const winner = await keks.insertActive(fresh);
  if (winner === undefined) throw new Conflict('The project key was changed by another request.');
  return winner;
}

async function find({ store, keks }: ProjectKeksDeps, id: KekId): Promise<KekRecord> {
  const record = await keks.findAnyProject(id);
  if (record === undefined) {
    throw new StoreUnavailable(`KEK ${id} is not in the database`);
  }
  if (record.store !== store)
    throw new IntegrityError('', { detail: `KEK ${id} belongs to store "${record.store}"` });
  return record;
}
