import type { ProjectStore } from '../../repositories/project-stores.ts';
import type { StoreCounts } from '../../repositories/store-counts.ts';
import { presentTime } from '../iso-time.ts';
import type { Services } from '../services.ts';

/** `counts`: of any projects, this one among them. */
export function presentProjectStore(
  { storeRecords }: Pick<Services, 'storeRecords'>,
  { projectId, store, createdAt, updatedAt }: ProjectStore,
  counts: readonly StoreCounts[],
  base: string,
): Readonly<Record<string, unknown>> {
  const record = storeRecords.find(({ name }) => name === store);
  const own = counts.filter((count) => count.projectId === projectId);
  return {
    project_id: projectId,
    store,
    secret_store_ref: record === undefined ? null : `${base}/v1/secret-stores/${record.id}`,
    created: presentTime(createdAt),
    updated: presentTime(updatedAt),
    secrets: Object.fromEntries(own.map((count) => [count.store, count.secrets])),
  };
}
