import type { SecretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { ConsumerFacts, SecretTarget } from '../model/target.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';
import { toSealed, toSecret, VISIBLE, type SealedColumns, type SecretRow } from './secret-rows.ts';
import { rowsOf, type Statement } from './statement.ts';

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
}

interface FoundRow extends SealedColumns {
  readonly found: TargetRow;
}

export function createSecretTargetRepository(db: Database): SecretTargetRepository {
  return guarded<SecretTargetRepository>({
    findAnyProject: async (id, viewer, withSealed) => {
      const row = await findRow(db, id, viewer, withSealed);
      return row && toLoaded(db, row, viewer);
    },
  });
}

/** Counts tell whether the two rarer queries below are needed at all. Bindings: the viewer's user id, the id, now. */
const target = (user: string, id: string, now: string): string => `
  select secrets.*, secret_acls.project_access as acl_project_access,
    (select count(*) from secret_acl_users u where u.secret_id = secrets.id) as acl_users,
    (select count(*) from secret_acl_users u where u.secret_id = secrets.id and u.user_id = ${user}) as acl_granted,
    (select count(*) from secret_consumers c where c.secret_id = secrets.id) as consumers,
    (select count(*) from secret_metadata m where m.secret_id = secrets.id) as metadata
  from secrets left join secret_acls on secret_acls.secret_id = secrets.id
  where secrets.id = ${id} and ${VISIBLE} and (secrets.expires_at is null or secrets.expires_at > ${now})`;

const SEALED_COLUMNS = 'sealed_payloads.kek_id, sealed_payloads.blob';
const SEALED_JOIN = `left join sealed_payloads
  on sealed_payloads.secret_id = found.id and sealed_payloads.store = found.store`;
const PG_TARGET = target('$1', '$2', '$3');
const SQLITE_TARGET = target('?', '?', '?');

/** One document instead of 22 columns: PostgreSQL's client pays per column, with each answer. */
const LOAD: Statement = {
  name: 'load-secret',
  pg: `select row_to_json(found) as found, null as kek_id, null as blob from (${PG_TARGET}) found`,
  sqlite3: `select found.*, null as kek_id, null as blob from (${SQLITE_TARGET}) found`,
};
const LOAD_SEALED: Statement = {
  name: 'load-sealed-secret',
  pg: `select row_to_json(found) as found, ${SEALED_COLUMNS} from (${PG_TARGET}) found ${SEALED_JOIN}`,
  sqlite3: `select found.*, ${SEALED_COLUMNS} from (${SQLITE_TARGET}) found ${SEALED_JOIN}`,
};

async function findRow(
  db: Database,
  id: SecretId,
  viewer: Viewer,
  withSealed: boolean,
): Promise<FoundRow | undefined> {
  const statement = withSealed ? LOAD_SEALED : LOAD;
  const values = [viewer.userId, id, viewer.now];
  if (db.dialect === 'pg') return (await rowsOf<FoundRow>(db, statement, values))[0];
  const [row] = await rowsOf<TargetRow & SealedColumns>(db, statement, values);
  return row && { found: row, kek_id: row.kek_id, blob: row.blob };
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
      containers: 0,
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
