import { kekId, type KekId, type ProjectId } from '../model/ids.ts';
import type { KekState } from '../model/kek.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** KEKs of one state, together. */
export interface StateCounts {
  readonly state: KekState;
  readonly keks: number;
  /** Sealed by them. */
  readonly payloads: number;
  /** Of the one used most. */
  readonly mostUses: number;
  /** How many have more uses than asked about. */
  readonly due: number;
}

/** One KEK and what it sealed. */
export interface KekCounts {
  readonly id: KekId;
  readonly version: number;
  readonly state: KekState;
  readonly rootKey: string;
  readonly uses: number;
  readonly payloads: number;
  readonly createdAt: Timestamp;
}

/** For operators: goes through an index entry for each payload. */
export interface KekCountRepository {
  countAnyProjectByState(store: string, dueAtUses: number): Promise<readonly StateCounts[]>;
  /** The KEKs of a project, the newest first. */
  listByVersion(store: string, project: ProjectId): Promise<readonly KekCounts[]>;
}

const PAYLOADS = '(select count(*) from sealed_payloads p where p.kek_id = k.id)';

/** Both databases give sums and counts of 64 bits in types of their own. */
type Numeric = number | string | null;

interface StateRow {
  readonly state: string;
  readonly keks: Numeric;
  readonly payloads: Numeric;
  readonly most_uses: Numeric;
  readonly due: Numeric;
}

interface KekRow {
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly root_key: string;
  readonly uses: Numeric;
  readonly payloads: Numeric;
  readonly created_at: string;
}

export function createKekCountRepository(db: Database): KekCountRepository {
  const { knex } = db;
  return guarded<KekCountRepository>({
    countAnyProjectByState: async (store, dueAtUses) => {
      const rows = (await knex('keks as k')
        .where({ store })
        .groupBy('state')
        .orderBy('state')
        .select(
          'state',
          knex.raw('count(*) as keks'),
          knex.raw(`sum(${PAYLOADS}) as payloads`),
          knex.raw('max(uses) as most_uses'),
          knex.raw('sum(case when uses >= ? then 1 else 0 end) as due', [dueAtUses]),
        )) as StateRow[];
      return rows.map(toStateCounts);
    },
    listByVersion: async (store, project) => {
      const rows = (await knex('keks as k')
        .where({ store, project_id: project })
        .orderBy('version', 'desc')
        .select(
          'id',
          'version',
          'state',
          'root_key',
          'uses',
          'created_at',
          knex.raw(`${PAYLOADS} as payloads`),
        )) as KekRow[];
      return rows.map(toKekCounts);
    },
  });
}

const toStateCounts = (row: StateRow): StateCounts => ({
  state: row.state as KekState,
  keks: Number(row.keks),
  payloads: Number(row.payloads),
  mostUses: Number(row.most_uses),
  due: Number(row.due),
});

const toKekCounts = (row: KekRow): KekCounts => ({
  id: kekId(row.id),
  version: row.version,
  state: row.state as KekState,
  rootKey: row.root_key,
  uses: Number(row.uses),
  payloads: Number(row.payloads),
  createdAt: timestamp(row.created_at),
});
