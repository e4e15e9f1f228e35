import type { Container, Member } from '../model/container.ts';
import type { ContainerId, SecretId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { toContainer, toContainerRow, type ContainerRow } from './container-rows.ts';
import { guarded, transaction, type Database } from './database.ts';
import { addToCounter, CONTAINERS } from './project-counts.ts';
import { VISIBLE } from './secret-rows.ts';

/** Writes to the table of containers. */
export interface ContainerRepository {
  /** With its members, in this order. One whose secret went away meanwhile is left out, as if it had gone a moment later. */
  insert(container: Container, members: readonly Member[]): Promise<void>;
  findAnyProject(id: ContainerId): Promise<Container | undefined>;
  /** The row and all that hangs on it; the secrets stay. Removing what is gone succeeds. */
  remove(container: Container): Promise<void>;
}

export function createContainerRepository(db: Database): ContainerRepository {
  return guarded<ContainerRepository>({
    insert: (container, members) =>
      transaction(db, async (tx) => {
        await tx.knex('containers').insert(toContainerRow(container));
        if (members.length > 0) await insertMembers(tx, container, members);
        await addToCounter(tx, CONTAINERS, container.projectId, 1);
      }),
    findAnyProject: async (id) => {
      const row = await db.knex<ContainerRow>('containers').where({ id }).first();
      return row && toContainer(row as ContainerRow);
    },
    remove: (container) =>
      transaction(db, async (tx) => {
        const removed = await tx.knex('containers').where({ id: container.id }).delete();
        if (removed === 1) await addToCounter(tx, CONTAINERS, container.projectId, -1);
      }),
  });
}

/** Whatever is put into a container, or says that it uses it, is a change of the container. */
export async function touchContainer(tx: Database, id: ContainerId, now: Timestamp): Promise<void> {
  await tx.knex('containers').where({ id }).update({ updated_at: now });
}

const ROWS_PER_INSERT = 100;

async function insertMembers(tx: Database, container: Container, members: readonly Member[]): Promise<void> {
  const present = await lockSecrets(tx, [...new Set(members.map((member) => member.secretId))]);
  const rows = members
    .filter((member) => present.has(member.secretId))
    .map((member, position) => ({
      container_id: container.id,
      secret_id: member.secretId,
      name: member.name ?? '',
      named: member.name !== null,
      position,
      created_at: container.createdAt,
    }));
  await tx.knex.batchInsert('container_secrets', rows, ROWS_PER_INSERT);
}

/** Those that are there, and stay until the transaction ends. SQLite has one writer: who writes need not lock. */
async function lockSecrets(tx: Database, ids: readonly SecretId[]): Promise<ReadonlySet<string>> {
  const query = tx
    .knex('secrets')
    .whereIn('id', ids as SecretId[])
    .whereRaw(VISIBLE)
    .select('id');
  if (tx.dialect === 'pg') query.forKeyShare();
  return new Set(((await query) as { id: string }[]).map((row) => row.id));
}
