import { randomUUID } from 'node:crypto';
import type { ProjectId, SecretId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** "Resource `resourceId` of type `resourceType` of `service` uses this secret." */
export interface SecretConsumer {
  readonly service: string;
  readonly resourceType: string;
  readonly resourceId: string;
}

export interface SecretConsumerRepository {
  /** Registering twice is the same as once. */
  register(id: SecretId, project: ProjectId, consumer: SecretConsumer, now: Timestamp): Promise<void>;
  /** Of several secrets at once, in the order of registration; a secret without consumers has no entry. */
  listOf(ids: readonly SecretId[]): Promise<ReadonlyMap<SecretId, readonly SecretConsumer[]>>;
}

interface ConsumerRow {
  readonly secret_id: SecretId;
  readonly service: string;
  readonly resource_type: string;
  readonly resource_id: string;
}

export function createSecretConsumerRepository(db: Database): SecretConsumerRepository {
  return guarded<SecretConsumerRepository>({
    register: async (id, project, consumer, now) => {
      await db
        .knex('secret_consumers')
        .insert({
          id: randomUUID(),
          secret_id: id,
          project_id: project,
          service: consumer.service,
          resource_type: consumer.resourceType,
          resource_id: consumer.resourceId,
          created_at: now,
          updated_at: now,
        })
        .onConflict(['secret_id', 'service', 'resource_type', 'resource_id'])
        .ignore();
    },
    listOf: async (ids) => {
      if (ids.length === 0) return new Map();
      const rows = (await db
        .knex('secret_consumers')
        .whereIn('secret_id', ids as SecretId[])
        .orderBy([{ column: 'created_at' }, { column: 'id' }])) as ConsumerRow[];
      return grouped(rows);
    },
  });
}

function grouped(rows: readonly ConsumerRow[]): ReadonlyMap<SecretId, readonly SecretConsumer[]> {
  const byId = new Map<SecretId, SecretConsumer[]>();
  for (const row of rows) {
    const own = byId.get(row.secret_id) ?? [];
    own.push({ service: row.service, resourceType: row.resource_type, resourceId: row.resource_id });
    byId.set(row.secret_id, own);
  }
  return byId;
}
