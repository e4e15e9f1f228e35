import { runId, type Run, type RunId, type RunKind, type RunState } from '../model/run.ts';
import { timestamp, type Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';

/** Long work of operators, and which process is at it. */
export interface RunRepository {
  insert(run: Pick<Run, 'id' | 'kind' | 'spec'>, now: Timestamp): Promise<Run>;
  find(id: RunId): Promise<Run | undefined>;
  /** The newest first. */
  list(kind: RunKind): Promise<readonly Run[]>;
  /** The run is the holder's, unless another's heartbeat is younger than `staleBefore`; `instead` is one that is dead. */
  hold(id: RunId, holder: string, now: Timestamp, staleBefore: Timestamp, instead?: string): Promise<boolean>;
  /** Still at it: what the run's state is by now; undefined once another process holds it. */
  beat(id: RunId, holder: string, now: Timestamp): Promise<RunState | undefined>;
  /** Nobody's again, whatever its state. */
  release(id: RunId, holder: string, now: Timestamp): Promise<void>;
  /** False: it was in none of the states `from`. */
  change(id: RunId, from: readonly RunState[], to: RunState, now: Timestamp): Promise<boolean>;
  /** Replaces what is told of the run, in its spec or its report. */
  tell(id: RunId, told: Partial<Pick<Run, 'spec' | 'report'>>, now: Timestamp): Promise<void>;
  /** Of ends that came before; how many went. Receipts go with them, and those of no run that ended before. */
  removeEnded(before: Timestamp): Promise<number>;
}

interface RunRow {
  readonly id: string;
  readonly kind: string;
  readonly spec: string;
  readonly state: string;
  readonly holder: string | null;
  readonly heartbeat_at: string | null;
  readonly report: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export function createRunRepository(db: Database): RunRepository {
  const runs = () => db.knex<RunRow>('runs');
  return guarded<RunRepository>({
    insert: async ({ id, kind, spec }, now) => {
      const row: RunRow = { id, kind, spec: JSON.stringify(spec), ...NEW, created_at: now, updated_at: now };
      await runs().insert(row);
      return toRun(row);
    },
    find: async (id) => {
      const row = await runs().where({ id }).first();
      return row && toRun(row as RunRow);
    },
    list: async (kind) =>
      ((await runs().where({ kind }).orderBy('created_at', 'desc')) as RunRow[]).map(toRun),
    hold: async (id, holder, now, staleBefore, instead) => {
      const held = await runs()
        .where({ id })
        .where((free) => {
          free.whereNull('holder').orWhere('heartbeat_at', '<', staleBefore).orWhere({ holder });
          if (instead !== undefined) free.orWhere({ holder: instead });
        })
        .update({ holder, heartbeat_at: now });
      return held === 1;
    },
    beat: async (id, holder, now) => {
      const held = await runs().where({ id, holder }).update({ heartbeat_at: now });
      if (held !== 1) return undefined;
      return ((await runs().where({ id }).first('state')) as Pick<RunRow, 'state'>).state as RunState;
    },
    release: async (id, holder, now) => {
      await runs().where({ id, holder }).update({ holder: null, heartbeat_at: null, updated_at: now });
    },
    change: async (id, from, to, now) => {
      const changed = await runs()
        .where({ id })
        .whereIn('state', from)
        .update({ state: to, updated_at: now });
      return changed === 1;
    },
    tell: async (id, { spec, report }, now) => {
      const told = {
        ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
        ...(report === undefined ? {} : { report: JSON.stringify(report) }),
      };
      await runs()
        .where({ id })
        .update({ ...told, updated_at: now });
    },
    removeEnded: (before) => removeEnded(db, before),
  });
}

const NEW = { state: 'open', holder: null, heartbeat_at: null, report: null } as const;

async function removeEnded(db: Database, before: Timestamp): Promise<number> {
  const ended = () => db.knex('runs').whereIn('state', ['done', 'undone']).where('updated_at', '<', before);
  await db
    .knex('move_receipts')
    .whereNotNull('ended_at')
    .where((old) =>
      old
        .whereIn('run_id', ended().select('id'))
        .orWhere((own) => own.whereNull('run_id').where('ended_at', '<', before)),
    )
    .delete();
  return ended().delete();
}

const json = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Record<string, unknown>;

function toRun(row: RunRow): Run {
  return {
    id: runId(row.id),
    kind: row.kind as RunKind,
    spec: json(row.spec),
    state: row.state as RunState,
    holder: row.holder,
    heartbeatAt: row.heartbeat_at === null ? null : timestamp(row.heartbeat_at),
    report: row.report === null ? null : json(row.report),
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
  };
}
