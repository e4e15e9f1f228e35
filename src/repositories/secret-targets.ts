import type { SecretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { ConsumerFacts, SecretTarget } from '../model/target.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { batched } from './batch.ts';
import { guarded, type Database } from './database.ts';
import { toSealed, toSecret, VISIBLE, type SealedColumns, type SecretRow } from './secret-rows.ts';
import { queryPostgres } from './statement.ts';

/** More user metadata than this does not enter a policy input. */
const MAX_METADATA_KEYS = 64;
const MAX_METADATA_BYTES = 8192;

/** Who asks, and when: an expired secret is absent, and the ACL facts are about this user. */
export interface Viewer {
  readonly userId: string;
  readonly projectId: string | null;
  readonly now: Timestamp;
}

export interface LoadedSecret {
  readonly target: SecretTarget;
  /** Sealed bytes, if they were asked for and live in our database. Nothing opens them before the decision. */
  readonly sealed: SealedPayload | undefined;
}

/** What the policy must know of a secret, read in one query where nothing hangs on it. */
export interface SecretTargetRepository {
  findAnyProject(id: SecretId, viewer: Viewer, withSealed: boolean): Promise<LoadedSecret | undefined>;
}

interface TargetRow extends SecretRow {
  readonly acl_project_access: boolean | number | null;
  readonly acl_users: number;
  readonly acl_granted: number;
  readonly consumers: number;
  readonly metadata: number;
  readonly containers: number;
}

interface FoundRow extends SealedColumns {
  readonly found: TargetRow;
}

export function createSecretTargetRepository(db: Database): SecretTargetRepository {
  const find = db.dialect === 'pg' ? findInPostgres(db) : findInSqlite(db);
  return guarded<SecretTargetRepository>({
    findAnyProject: async (id, viewer, withSealed) => {
      const row = await find({ id, userId: viewer.userId, now: viewer.now }, withSealed);
      return row && toLoaded(db, row, viewer);
    },
  });
}

interface Wanted {
  readonly id: SecretId;
  readonly userId: string;
  readonly now: Timestamp;
}

type Find = (wanted: Wanted, withSealed: boolean) => Promise<FoundRow | undefined>;

/** Counts tell whether the two rarer queries below are needed at all. Bindings: the viewer's user id, the id, now. */
const target = (user: string, id: string, now: string): string => `
  select secrets.*, secret_acls.project_access as acl_project_access,
    (select count(*) from secret_acl_users u where u.secret_id = secrets.id) as acl_users,
    (select count(*) from secret_acl_users u where u.secret_id = secrets.id and u.user_id = ${user}) as acl_granted,
    (select count(*) from secret_consumers c where c.secret_id = secrets.id) as consumers,
    (select count(*) from secret_metadata m where m.secret_id = secrets.id) as metadata,
    (select count(distinct m.container_id) from container_secrets m where m.secret_id = secrets.id) as containers
  from secrets left join secret_acls on secret_acls.secret_id = secrets.id
  where secrets.id = ${id} and ${VISIBLE} and (secrets.expires_at is null or secrets.expires_at > ${now})`;

const SEALED_JOIN = `left join sealed_payloads
  on sealed_payloads.secret_id = found.id and sealed_payloads.store = found.store`;

function findInSqlite({ knex }: Database): Find {
  const from = `from (${target('?', '?', '?')}) found`;
  const plain = `select found.*, null as kek_id, null as blob ${from}`;
  const sealed = `select found.*, sealed_payloads.kek_id, sealed_payloads.blob ${from} ${SEALED_JOIN}`;
  return async ({ userId, id, now }, withSealed) => {
    const rows = (await knex.raw(withSealed ? sealed : plain, [userId, id, now])) as unknown;
    const [row] = rows as (TargetRow & SealedColumns)[];
    return row && { found: row, kek_id: row.kek_id, blob: row.blob };
  };
}

/** One document instead of 22 columns: the driver pays per column, with each answer. Ids are compared byte by byte. */
const FROM_ASKED = `
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked(id, user_id, now, position)
  join lateral (${target('asked.user_id', 'asked.id collate "C"', 'asked.now collate "C"')}) found on true`;
const LOAD = {
  name: 'load-secrets',
  pg: `select position, row_to_json(found) as found, null as kek_id, null as blob ${FROM_ASKED}`,
};
const LOAD_SEALED = {
  name: 'load-sealed-secrets',
  pg: `select position, row_to_json(found) as found, sealed_payloads.kek_id, sealed_payloads.blob
       ${FROM_ASKED} ${SEALED_JOIN}`,
};

function findInPostgres(db: Database): Find {
  const loading = (statement: typeof LOAD): ((wanted: Wanted) => Promise<FoundRow | undefined>) =>
    batched(async (wanted) => {
      const columns = [
        wanted.map((one) => one.id),
        wanted.map((one) => one.userId),
        wanted.map((one) => one.now),
      ];
      const rows = await queryPostgres<FoundRow & { readonly position: string }>(db, statement, columns);
      const found = new Map(rows.map((row) => [Number(row.position), row]));
      return wanted.map((_, index) => found.get(index + 1));
    });
  const [plain, sealed] = [loading(LOAD), loading(LOAD_SEALED)];
  return (wanted, withSealed) => (withSealed ? sealed(wanted) : plain(wanted));
}

async function toLoaded(
  db: Database,
  { found: row, ...sealed }: FoundRow,
  viewer: Viewer,
): Promise<LoadedSecret> {
  const defined = row.acl_project_access !== null;
  const consumers = row.consumers === 0 ? NO_CONSUMERS : await consumerFacts(db, row.id, viewer);
  const metadata = row.metadata === 0 ? {} : await metadataFacts(db, row.id, row.metadata);
  return {
    target: {
      type: 'secret',
      secret: toSecret(row),
      acl: {
        defined,
        granted: row.acl_granted > 0,
        projectAccess: defined ? Boolean(row.acl_project_access) : true,
        users: row.acl_users,
      },
      consumers,
      metadata,
      containers: row.containers,
    },
    sealed: toSealed(sealed),
  };
}

const NO_CONSUMERS: ConsumerFacts = { count: 0, services: [], mine: 0 };

async function consumerFacts(db: Database, id: string, viewer: Viewer): Promise<ConsumerFacts> {
  const rows = (await db
    .knex('secret_consumers')
    .where({ secret_id: id })
    .groupBy('service', 'project_id')
    .select('service', 'project_id')
    .count({ n: '*' })) as { service: string; project_id: string; n: number | string }[];
  const sum = (some: typeof rows): number => some.reduce((total, row) => total + Number(row.n), 0);
  return {
    count: sum(rows),
    services: [...new Set(rows.map((row) => row.service))].sort(),
    mine: sum(rows.filter((row) => row.project_id === viewer.projectId)),
  };
}

async function metadataFacts(
  db: Database,
  id: string,
  count: number,
): Promise<Record<string, string> | null> {
  if (count > MAX_METADATA_KEYS) return null;
  const rows = (await db.knex('secret_metadata').where({ secret_id: id }).select('key', 'value')) as {
    key: string;
    value: string;
  }[];
  const size = rows.reduce(
    (total, row) => total + Buffer.byteLength(row.key) + Buffer.byteLength(row.value),
    0,
  );
  return size > MAX_METADATA_BYTES ? null : Object.fromEntries(rows.map((row) => [row.key, row.value]));
}
