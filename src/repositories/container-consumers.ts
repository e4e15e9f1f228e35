import { randomUUID } from 'node:crypto';
import type { ContainerId, ProjectId } from '../model/ids.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { touchContainer } from './containers.ts';
import { guarded, transaction, type Database } from './database.ts';
import { rowsOf, type Statement } from './statement.ts';

/** "`name` uses this container at `url`." */
export interface ContainerConsumer {
  readonly name: string;
  readonly url: string;
}

export interface RegisteredConsumer extends ContainerConsumer {
  readonly id: string;
  /** The project that registered it. */
  readonly projectId: string;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
}

export interface ConsumerPage {
  readonly consumers: readonly RegisteredConsumer[];
  /** Of all consumers of the container, not only this page. */
  readonly total: number;
}

/** Always inside one container: an id of another container's consumer finds nothing. In the order of names. */
export interface ContainerConsumerRepository {
  /** Registering twice, from whatever project, is the same as once; on a container that is gone, nothing. */
  register(
    id: ContainerId,
    project: ProjectId,
    consumer: ContainerConsumer,
    now: Timestamp,
    newId?: string,
  ): Promise<void>;
  find(id: ContainerId, consumer: ContainerConsumer): Promise<RegisteredConsumer | undefined>;
  findById(id: ContainerId, consumerId: string): Promise<RegisteredConsumer | undefined>;
  list(id: ContainerId, page: { readonly limit: number; readonly offset: number }): Promise<ConsumerPage>;
  /** Of several containers at once. */
  listOf(ids: readonly ContainerId[]): Promise<ReadonlyMap<ContainerId, readonly ContainerConsumer[]>>;
  /** Removing what is gone succeeds. */
  remove(id: ContainerId, consumerId: string): Promise<void>;
}

interface ConsumerRow {
  readonly id: string;
  readonly container_id: ContainerId;
  readonly project_id: string;
  readonly name: string;
  readonly url: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function createContainerConsumerRepository(db: Database): ContainerConsumerRepository {
  const findRow = async (where: Partial<ConsumerRow>): Promise<RegisteredConsumer | undefined> => {
    const row = (await db.knex('container_consumers').where(where).first()) as ConsumerRow | undefined;
    return row && toConsumer(row);
  };
  return guarded<ContainerConsumerRepository>({
    register: (id, project, { name, url }, now, newId = randomUUID()) =>
      transaction(db, async (tx) => {
        const values = [newId, project, name, url, now, now, id];
        const inserted = await rowsOf(tx, REGISTER, values);
        if (inserted.length > 0) await touchContainer(tx, id, now);
      }),
    find: (id, { name, url }) => findRow({ container_id: id, name, url }),
    findById: (id, consumerId) => findRow({ id: consumerId, container_id: id }),
    list: (id, page) => list(db, id, page),
    listOf: (ids) => listOf(db, ids),
    remove: async (id, consumerId) => {
      await db.knex('container_consumers').where({ id: consumerId, container_id: id }).delete();
    },
  });
}

/** `lock` keeps the container until the transaction ends: a consumer of none would be an error of the database. */
const register = (values: readonly string[], lock: string): string => `
  insert into container_consumers (container_id, id, project_id, name, url, created_at, updated_at)
  select containers.id, ${values.slice(0, 6).join(', ')}
  from containers where containers.id = ${values[6]} ${lock}
  on conflict (container_id, name, url) do nothing
  returning id`;

const REGISTER: Statement = {
  name: 'register-container-consumer',
  pg: register(['$1', '$2', '$3', '$4', '$5', '$6', '$7'], 'for key share'),
  sqlite3: register(['?', '?', '?', '?', '?', '?', '?'], ''),
};

async function list(
  db: Database,
  id: ContainerId,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<ConsumerPage> {
  const own = () => db.knex('container_consumers').where({ container_id: id });
  const rows = (await own().orderBy(['name', 'url']).limit(limit).offset(offset)) as ConsumerRow[];
  const count = (await own().count({ total: '*' }).first()) as { total: number | string } | undefined;
  return { consumers: rows.map(toConsumer), total: Number(count?.total ?? 0) };
}

async function listOf(
  db: Database,
  ids: readonly ContainerId[],
): Promise<ReadonlyMap<ContainerId, readonly ContainerConsumer[]>> {
  if (ids.length === 0) return new Map();
  const rows = (await db
    .knex('container_consumers')
    .whereIn('container_id', ids as ContainerId[])
    .orderBy(['container_id', 'name', 'url'])
    .select('container_id', 'name', 'url')) as Pick<ConsumerRow, 'container_id' | 'name' | 'url'>[];
  const byId = new Map<ContainerId, ContainerConsumer[]>(ids.map((id) => [id, []]));
  for (const { container_id: id, name, url } of rows) byId.get(id)?.push({ name, url });
  return byId;
}

function toConsumer(row: ConsumerRow): RegisteredConsumer {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    url: row.url,
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}
