import type { MoveSpec } from '../model/move.ts';
import type { ProjectId } from '../model/ids.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';
import type { StoredSecret } from './move-receipts.ts';
import { toSecret, type SecretRow } from './secret-rows.ts';

/** Which secrets: what of a move they depend on. With `from`, `to` is not looked at. */
export type SecretsWanted = Omit<MoveSpec, 'keep' | 'finishing'>;

/** What a move would take from one project and store. */
export interface MovableCount {
  readonly projectId: ProjectId;
  readonly store: string;
  readonly secrets: number;
  /** Of all their payloads. */
  readonly bytes: number;
}

/** What the target can hold. */
export interface Fit {
  readonly minPayloadBytes: number;
  readonly maxPayloadBytes: number;
  readonly secretTypes: readonly string[];
}

/** Secrets that a move is about: with a payload, visible, elsewhere than at the target, and there before the move was. */
export interface MovableSecretRepository {
  /** In the order of ids. */
  listAnyProject(
    spec: SecretsWanted,
    before: Timestamp,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredSecret[]>;
  countAnyProject(spec: SecretsWanted, before: Timestamp): Promise<readonly MovableCount[]>;
  /** Those that the target cannot hold. */
  countAnyProjectUnfit(spec: SecretsWanted, before: Timestamp, fit: Fit): Promise<number>;
}

export function createMovableSecretRepository(db: Database): MovableSecretRepository {
  return guarded<MovableSecretRepository>({
    listAnyProject: async (spec, before, after, limit) => {
      const rows = movable(db, spec, before);
      if (after !== undefined) rows.where('id', '>', after);
      const found = (await rows.orderBy('id').limit(limit).select('*')) as SecretRow[];
      return found.map((row) => toSecret(row) as StoredSecret);
    },
    countAnyProject: async (spec, before) => {
      const rows = (await movable(db, spec, before)
        .groupBy('project_id', 'store')
        .orderBy(['project_id', 'store'])
        .select('project_id', 'store')
        .count({ secrets: '*' })
        .sum({ bytes: 'payload_size' })) as CountRow[];
      return rows.map(({ project_id, store, secrets, bytes }) => ({
        projectId: project_id,
        store,
        secrets: Number(secrets),
        bytes: Number(bytes),
      }));
    },
    countAnyProjectUnfit: async (spec, before, { minPayloadBytes, maxPayloadBytes, secretTypes }) => {
      const [row] = (await movable(db, spec, before)
        .where((unfit) =>
          unfit
            .where('payload_size', '<', minPayloadBytes)
            .orWhere('payload_size', '>', maxPayloadBytes)
            .orWhereNotIn('secret_type', secretTypes),
        )
        .count({ n: '*' })) as { n: number | string }[];
      return Number(row?.n ?? 0);
    },
  });
}

interface CountRow {
  readonly project_id: ProjectId;
  readonly store: string;
  readonly secrets: number | string;
  readonly bytes: number | string;
}

function movable(
  { knex }: Database,
  { to, from, project, type, algorithm }: SecretsWanted,
  before: Timestamp,
) {
  const rows = knex<SecretRow>('secrets')
    .where({ state: 'active' })
    .whereNotNull('content_type')
    .where('created_at', '<=', before);
  if (from === undefined) rows.whereNot({ store: to });
  else rows.where({ store: from });
  if (project !== undefined) rows.where({ project_id: project });
  if (type !== undefined) rows.where({ secret_type: type });
  if (algorithm !== undefined) rows.where({ algorithm });
  return rows;
}
