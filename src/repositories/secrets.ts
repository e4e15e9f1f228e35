import { Conflict } from '../errors.ts';
import type { SecretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { ContentType, Secret } from '../model/secret.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { batched } from './batch.ts';
import { guarded, transaction, type Database } from './database.ts';
import { addToCount, randomShard } from './secret-counts.ts';
import { SECRET_COLUMNS, toRow, toSecret, type SecretRow } from './secret-rows.ts';
import { queryPostgres } from './statement.ts';

/** What becomes known of a secret once its payload is stored. */
export interface StoredPayload {
  readonly store: string;
  readonly storeRef: string;
  readonly contentType: ContentType;
  readonly payloadSize: number;
}

/** Writes to the table of secrets. An UPDATE names the version it saw; a mismatch is `Conflict`. */
export interface SecretRepository {
  /** A row nobody sees until `markActive`. */
  insertPending(secret: Secret): Promise<void>;
  /** A visible row, without payload or (given the sealed bytes) with it, all in one transaction. */
  insertActive(secret: Secret, sealed?: SealedPayload): Promise<void>;
  /** The store acknowledged: `pending` becomes visible. The size may be known only now, of a key that the store made. */
  markActive(secret: Secret, storeRef: string, now: Timestamp): Promise<Secret>;
  /** Second step begins: the row stays visible, without payload, and no other second step can begin. */
  markFilling(secret: Secret, store: string, now: Timestamp): Promise<Secret>;
  /** Second step ends. With the sealed bytes it begins and ends in one transaction. */
  fill(secret: Secret, stored: StoredPayload, now: Timestamp, sealed?: SealedPayload): Promise<Secret>;
  /** A second step that came to nothing: the secret is again one without payload. */
  unfill(secret: Secret, now: Timestamp): Promise<void>;
  /** Invisible from here on; the payload is about to be destroyed. */
  markDestroying(secret: Secret, now: Timestamp): Promise<Secret>;
  /** A half-done row is the caller's to finish: whoever saw it before gets `Conflict` from here on. */
  claim(secret: Secret, now: Timestamp): Promise<Secret>;
  /** The row and all that hangs on it. Removing what is gone succeeds. */
  remove(secret: Secret): Promise<void>;
  /** The same, of a row that nobody changed since it was read; `Conflict` if somebody did, or removed it. */
  removeAsSeen(secret: Secret): Promise<void>;
  findAnyProject(id: SecretId): Promise<Secret | undefined>;
  /** Rows a crash may have left half done, oldest first; across projects, for the sweep. */
  listAnyProjectUnfinished(before: Timestamp, limit: number): Promise<readonly Secret[]>;
  /** Names of stores that hold payloads, with how many. */
  countAnyProjectByStore(): Promise<ReadonlyMap<string, number>>;
}

export function createSecretRepository(db: Database): SecretRepository {
  const insertSealedSoon = insertingSealed(db);
  return guarded<SecretRepository>({
    insertPending: (secret) => insertRow(db, secret),
    insertActive: (secret, sealed) =>
      db.dialect === 'pg' && sealed !== undefined
        ? insertSealedSoon({ secret, sealed })
        : insertTogether(db, secret, sealed),
    markActive: (secret, storeRef, now) =>
      transaction(db, async (tx) => {
        const acknowledged = { store_ref: storeRef, payload_size: secret.payloadSize };
        const active = await update(tx, secret, { state: 'active', ...acknowledged, updated_at: now });
        await addToCount(tx, secret.projectId, 1);
        return active;
      }),
    markFilling: (secret, store, now) => update(db, secret, { state: 'filling', store, updated_at: now }),
    fill: (secret, stored, now, sealed) => fill(db, secret, stored, now, sealed),
    unfill: async (secret, now) => {
      await update(db, secret, { state: 'active', store: null, store_ref: null, updated_at: now });
    },
    markDestroying: (secret, now) =>
      transaction(db, async (tx) => {
        const destroying = await update(tx, secret, { state: 'destroying', updated_at: now });
        await addToCount(tx, secret.projectId, -1);
        return destroying;
      }),
    claim: (secret, now) => update(db, secret, { updated_at: now }),
    remove: async (secret) => {
      await remove(db, secret, { id: secret.id });
    },
    removeAsSeen: async (secret) => {
      const { id, version, state } = secret;
      if (await remove(db, secret, { id, version, state })) return;
      throw new Conflict('The secret was changed by another request.');
    },
    findAnyProject: async (id) => {
      const row = await db.knex<SecretRow>('secrets').where({ id }).first();
      return row && toSecret(row as SecretRow);
    },
    listAnyProjectUnfinished: async (before, limit) => {
      const rows = await db
        .knex<SecretRow>('secrets')
        .whereRaw(`state <> 'active'`)
        .where('updated_at', '<', before)
        .orderBy('updated_at')
        .limit(limit);
      return (rows as SecretRow[]).map(toSecret);
    },
    countAnyProjectByStore: () => countByStore(db),
  });
}

async function insertRow(db: Database, secret: Secret): Promise<void> {
  await db.knex('secrets').insert(toRow(secret));
}

async function insertTogether(
  db: Database,
  secret: Secret,
  sealed: SealedPayload | undefined,
): Promise<void> {
  await transaction(db, async (tx) => {
    await insertRow(tx, secret);
    if (sealed !== undefined) await insertSealed(tx, secret, sealed);
    await addToCount(tx, secret.projectId, 1);
  });
}

interface NewSealed {
  readonly secret: Secret;
  readonly sealed: SealedPayload;
}

const COLUMN_LIST = SECRET_COLUMNS.join(', ');

/**
 * PostgreSQL's own SQL: one statement is one round trip and one commit, for all that are created at this moment; the
 * transaction above takes five, for each. Counters are touched in one order everywhere, or two batches would deadlock.
 */
const INSERT_SEALED = {
  name: 'insert-sealed-secrets',
  pg: `with secret as (
         insert into secrets (${COLUMN_LIST}) select ${COLUMN_LIST} from json_populate_recordset(null::secrets, $1)
         returning id, project_id, store, created_at
       ), payload as (
         insert into sealed_payloads (secret_id, store, kek_id, blob, created_at)
         select secret.id, secret.store, sealed.kek_id, sealed.blob, secret.created_at
         from secret join unnest($2::text[], $3::text[], $4::bytea[]) as sealed(id, kek_id, blob)
           on sealed.id collate "C" = secret.id
       )
       insert into secret_counts (project_id, shard, secrets)
       select project_id, $5::integer, count(*) from secret group by project_id order by project_id
       on conflict (project_id, shard) do update set secrets = secret_counts.secrets + excluded.secrets`,
};

function insertingSealed(db: Database): (created: NewSealed) => Promise<void> {
  return batched(async (created) => {
    await queryPostgres(db, INSERT_SEALED, [
      JSON.stringify(created.map(({ secret }) => toRow(secret))),
      created.map(({ secret }) => secret.id),
      created.map(({ sealed }) => sealed.kekId),
      created.map(({ sealed }) => sealed.blob),
      randomShard(),
    ]);
    return created.map(() => undefined);
  });
}

async function insertSealed(tx: Database, secret: Secret, sealed: SealedPayload): Promise<void> {
  await tx.knex('sealed_payloads').insert({
    secret_id: secret.id,
    store: secret.store,
    kek_id: sealed.kekId,
    blob: sealed.blob,
    created_at: secret.updatedAt,
  });
}

async function fill(
  db: Database,
  secret: Secret,
  stored: StoredPayload,
  now: Timestamp,
  sealed: SealedPayload | undefined,
): Promise<Secret> {
  return transaction(db, async (tx) => {
    const filled = await update(tx, secret, {
      state: 'active',
      store: stored.store,
      store_ref: stored.storeRef,
      content_type: stored.contentType,
      payload_size: stored.payloadSize,
      updated_at: now,
    });
    if (sealed !== undefined) await insertSealed(tx, filled, sealed);
    return filled;
  });
}

async function update(db: Database, secret: Secret, changes: Partial<SecretRow>): Promise<Secret> {
  const changed = await db
    .knex('secrets')
    .where({ id: secret.id, version: secret.version, state: secret.state })
    .update({ ...changes, version: secret.version + 1 });
  if (changed !== 1) throw new Conflict('The secret was changed by another request.');
  return toSecret({ ...toRow(secret), ...changes, version: secret.version + 1 });
}

/** False: there was none. */
async function remove(db: Database, secret: Secret, where: Partial<SecretRow>): Promise<boolean> {
  return transaction(db, async (tx) => {
    const removed = await tx.knex('secrets').where(where).delete();
    const counted = secret.state === 'active' || secret.state === 'filling';
    if (removed === 1 && counted) await addToCount(tx, secret.projectId, -1);
    return removed === 1;
  });
}

async function countByStore(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = (await db
    .knex('secrets')
    .whereNotNull('store')
    .groupBy('store')
    .select('store')
    .count({ n: '*' })) as {
    store: string;
    n: number | string;
  }[];
  return new Map(rows.map((row) => [row.store, Number(row.n)]));
}
