import { projectId } from '../model/ids.ts';
import type { Database } from '../repositories/database.ts';
import { createProjectStoreRepository } from '../repositories/project-stores.ts';
import { createStoreCountRepository, type StoreCounts } from '../repositories/store-counts.ts';

/** A project and a store that holds its payloads, or is to hold the next ones. */
export interface Place {
  readonly project: string;
  readonly store: string;
  readonly secrets: number;
  /** The project's new secrets go there, unless a rule says otherwise. */
  readonly assigned: boolean;
}

/** Where the secrets of all projects are, or of one, and where their next will be; by project, then by store. */
export async function listPlaces(database: Database, only: string | undefined): Promise<readonly Place[]> {
  const counting = createStoreCountRepository(database);
  const counts = await (only === undefined
    ? counting.countAnyProject()
    : counting.countIn([projectId(only)]));
  const all = await createProjectStoreRepository(database).listAnyProject();
  const assignments = only === undefined ? all : all.filter((one) => one.projectId === only);
  const assigned = new Set(assignments.map(keyOf));
  const counted = new Set(counts.map(keyOf));
  const empty = assignments.filter((one) => !counted.has(keyOf(one))).map((one) => ({ ...one, secrets: 0 }));
  return [...counts, ...empty]
    .map((one) => ({ key: keyOf(one), place: placeOf(one, assigned.has(keyOf(one))) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ place }) => place);
}

/** Neither a project nor a store has a zero character in its name, so that keys sort as pairs do. */
const keyOf = ({ projectId, store }: Pick<StoreCounts, 'projectId' | 'store'>): string =>
  `${projectId}\0${store}`;

const placeOf = ({ projectId, store, secrets }: StoreCounts, assigned: boolean): Place => ({
  project: projectId,
  store,
  secrets,
  assigned,
});
