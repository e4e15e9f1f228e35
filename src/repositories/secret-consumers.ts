import { randomUUID } from 'node:crypto';
import { projectId, type ProjectId, type SecretId } from '../model/ids.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, transaction, type Database } from './database.ts';
import { hold } from './hold.ts';
import { VISIBLE } from './secret-rows.ts';

/** "Resource `resourceId` of type `resourceType` of `service` uses this secret." */
export interface SecretConsumer {
  readonly service: string;
  readonly resourceType: string;
  readonly resourceId: string;
}

export interface SecretConsumerRecord extends SecretConsumer {
  readonly id: string;
  /** The project that registered it. */
  readonly projectId: ProjectId;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

export interface ConsumerPage {
  readonly consumers: readonly SecretConsumerRecord[];
  readonly total: number;
}

/** `known`: it was registered before, by whomever. `gone`: the secret is. */
export type Registration = 'registered' | 'known' | 'gone';

export interface SecretConsumerRepository {
  /** Registering twice is the same as once. A new one gets the id `newId`, and moves the secret's `updated`. */
  register(
    id: SecretId,
    project: ProjectId,
    consumer: SecretConsumer,
    now: Timestamp,
    newId?: string,
  ): Promise<Registration>;
  /** Of several secrets at once, in the order of registration; a secret without consumers has no entry. */
  listOf(ids: readonly SecretId[]): Promise<ReadonlyMap<SecretId, readonly SecretConsumer[]>>;
  /** Of one secret, in the order of registration. */
  list(id: SecretId, page: { readonly limit: number; readonly offset: number }): Promise<ConsumerPage>;
  find(id: SecretId, consumer: SecretConsumer): Promise<SecretConsumerRecord | undefined>;
  findById(id: SecretId, consumerId: string): Promise<SecretConsumerRecord | undefined>;
  /** False: it is gone already. */
  remove(consumer: SecretConsumerRecord): Promise<boolean>;
  /** The project once made a secret, or registered another consumer of this one. */
  knowsProject(id: SecretId, project: ProjectId): Promise<boolean>;
}

interface ConsumerRow {
  readonly id: string;
  readonly secret_id: SecretId;
  readonly project_id: string;
  readonly service: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

const TABLE = 'secret_consumers';
const AGE = [{ column: 'created_at' }, { column: 'id' }];

export function createSecretConsumerRepository(db: Database): SecretConsumerRepository {
  const findWhere = async (columns: Partial<ConsumerRow>): Promise<SecretConsumerRecord | undefined> => {
    const row = (await db.knex(TABLE).where(columns).first()) as ConsumerRow | undefined;
    return row && toRecord(row);
  };
  return guarded<SecretConsumerRepository>({
    register: (id, project, consumer, now, newId = randomUUID()) =>
      transaction(db, (tx) =>
        register(tx, { ...toColumns(id, consumer), id: newId, project_id: project }, now),
      ),
    listOf: async (ids) => {
      if (ids.length === 0) return new Map();
      const rows = (await db
        .knex(TABLE)
        .whereIn('secret_id', ids as SecretId[])
        .orderBy(AGE)) as ConsumerRow[];
      return grouped(rows);
    },
    list: (id, { limit, offset }) => list(db, id, limit, offset),
    find: (id, consumer) => findWhere(toColumns(id, consumer)),
    findById: (id, consumerId) => findWhere({ id: consumerId, secret_id: id }),
    remove: async ({ id }) => (await db.knex(TABLE).where({ id }).delete()) === 1,
    knowsProject: async (id, project) => {
      const counted = (await db.knex('secret_counts').where({ project_id: project }).first()) as unknown;
      return counted !== undefined || (await findWhere({ secret_id: id, project_id: project })) !== undefined;
    },
  });
}

type NewColumns = Omit<ConsumerRow, 'created_at' | 'updated_at'>;

async function register(tx: Database, columns: NewColumns, now: Timestamp): Promise<Registration> {
  const secrets = { objects: 'secrets', visible: VISIBLE };
  if (!(await hold(tx, secrets, columns.secret_id))) return 'gone';
  const inserted = await tx
    .knex(TABLE)
    .insert({ ...columns, created_at: now, updated_at: now })
    .onConflict(['secret_id', 'service', 'resource_type', 'resource_id'])
    .ignore()
    .returning('id');
  if (inserted.length === 0) return 'known';
  await hold(tx, secrets, columns.secret_id, now);
  return 'registered';
}

async function list(db: Database, id: SecretId, limit: number, offset: number): Promise<ConsumerPage> {
  const ofSecret = db.knex(TABLE).where({ secret_id: id });
  const rows = (await ofSecret.clone().orderBy(AGE).limit(limit).offset(offset)) as ConsumerRow[];
  const [count] = (await ofSecret.clone().count({ n: '*' })) as { n: number | string }[];
  return { consumers: rows.map(toRecord), total: Number(count?.n ?? 0) };
}

const toColumns = (
  id: SecretId,
  { service, resourceType, resourceId }: SecretConsumer,
): Omit<NewColumns, 'id' | 'project_id'> => ({
  secret_id: id,
  service,
  resource_type: resourceType,
  resource_id: resourceId,
});

function toRecord(row: ConsumerRow): SecretConsumerRecord {
  return {
    id: row.id,
    projectId: projectId(row.project_id),
    service: row.service,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
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
