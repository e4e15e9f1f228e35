import { randomUUID } from 'node:crypto';
import { kekAad } from '../../src/crypto/aad.ts';
import { encodeKekId } from '../../src/crypto/envelope.ts';
import { createKeyCache } from '../../src/crypto/key-cache.ts';
import { Conflict, IntegrityError, StoreUnavailable } from '../../src/errors.ts';
import { kekId, type KekId, type ProjectId } from '../../src/model/ids.ts';
import type { Clock } from '../../src/model/timestamp.ts';
import type { KekRecord, KekRepository, NewKek } from '../../src/repositories/keks.ts';
import { KEK_CACHE_MS } from '../../src/stores/key-rotation.ts';
import type { TokenClient } from './token-client.ts';

const CACHED_KEKS = 10_000;

/** The wrapped KEKs of one store. */
export interface ProjectKeks {
  /** The project's active KEK, made by the token at its first use. */
  active(project: ProjectId): Promise<KekRecord>;
  /** `StoreUnavailable` when there is none of that id, `IntegrityError` when it is another store's. */
  byId(id: KekId): Promise<KekRecord>;
  clear(): void;
}

export interface ProjectKeksDeps {
  readonly store: string;
  /** Of the master key that wraps new ones. */
  readonly rootKey: string;
  readonly keks: KekRepository;
  readonly token: Pick<TokenClient, 'newKek'>;
  readonly clock: Clock;
}

export function createProjectKeks(deps: ProjectKeksDeps): ProjectKeks {
  const limits = { maxEntries: CACHED_KEKS, ttlMs: KEK_CACHE_MS };
  const active = createKeyCache<ProjectId, KekRecord>(limits);
  const byId = createKeyCache<KekId, KekRecord>(limits);
  // Of many first requests at once, one reads or creates the KEK and all wait for it.
  const loading = new Map<string, Promise<KekRecord>>();
  const once = (key: string, work: () => Promise<KekRecord>): Promise<KekRecord> => {
    const running = loading.get(key) ?? work().finally(() => loading.delete(key));
    loading.set(key, running);
    return running;
  };
  const keep = (kek: KekRecord): KekRecord => {
    byId.set(kek.id, kek);
    return kek;
  };
  return {
    active: async (project) =>
      active.get(project) ??
      once(`project ${project}`, async () => {
        const kek = keep(await findOrCreate(deps, project));
        active.set(project, kek);
        return kek;
      }),
    byId: async (id) => byId.get(id) ?? once(`kek ${id}`, async () => keep(await find(deps, id))),
    clear: () => {
      active.clear();
      byId.clear();
    },
  };
}

async function findOrCreate(deps: ProjectKeksDeps, projectId: ProjectId): Promise<KekRecord> {
  const { store, keks } = deps;
  const found = await keks.findActive(store, projectId);
  if (found !== undefined) return found;
  const version = (await keks.latestVersion(store, projectId)) + 1;
  const winner = await keks.insertActive(await createKek(deps, projectId, version));
  if (winner === undefined) throw new Conflict('The project key was changed by another request.');
  return winner;
}

/** Made by the token, and known to nobody yet. */
export async function createKek(
  { store, rootKey, token, clock }: Omit<ProjectKeksDeps, 'keks'>,
  projectId: ProjectId,
  version: number,
): Promise<NewKek> {
  const id = kekId(randomUUID());
  const aad = kekAad({ store, projectId, id: encodeKekId(id), version }, rootKey);
  const wrapped = await token.newKek(rootKey, aad);
  return { id, store, projectId, version, rootKey, wrapped, createdAt: clock() };
}

async function find({ store, keks }: ProjectKeksDeps, id: KekId): Promise<KekRecord> {
  const record = await keks.findAnyProject(id);
  if (record === undefined) throw new StoreUnavailable(`KEK ${id} is not in the database`);
  if (record.store !== store)
    throw new IntegrityError('', { detail: `KEK ${id} belongs to store "${record.store}"` });
  return record;
}
