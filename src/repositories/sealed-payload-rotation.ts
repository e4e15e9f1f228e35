import type { Knex } from 'knex';
import { projectId, secretId, type KekId, type SecretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { SecretHeader, SecretType } from '../model/secret.ts';
import type { Timestamp } from '../model/timestamp.ts';
import { guarded, type Database } from './database.ts';
import { wantedKeks, type KeksWanted, type Page } from './kek-rotation.ts';

/**
 * Before when a payload must have been sealed to be among those wanted: when it came, by the clock of whoever took it, or
 * when it was sealed again, by the clock of whoever rotates.
 */
export interface SealedBefore {
  readonly created: Timestamp;
  readonly resealed: Timestamp;
}

/** Which rows; what is left out is not asked about. */
export interface SealedWanted {
  readonly before?: SealedBefore | undefined;
  /** The byte that stands for it in the layout of a sealed payload. */
  readonly contentSuite?: number | undefined;
}

/** Sealed rows as rotation goes through them: whose they are, without their bytes. */
export interface SealedPayloadRotationRepository {
  /** What that KEK sealed, in the order of the secrets' ids. */
  list(kek: KekId, wanted: SealedWanted, page: Page<SecretId>): Promise<readonly SecretHeader[]>;
  /** What those KEKs sealed. */
  countAnyProject(keks: KeksWanted, wanted: SealedWanted): Promise<number>;
  /** False: the row is gone, or its bytes are not those that were seen; nothing was changed. */
  replace(secret: SecretId, store: string, seen: SealedPayload, fresh: Replacement): Promise<boolean>;
}

export interface Replacement {
  readonly sealed: SealedPayload;
  readonly now: Timestamp;
  /** The payload has a new key or a new IV: not only its data key is wrapped by another KEK. */
  readonly isResealed: boolean;
}

interface HeaderRow {
  readonly id: string;
  readonly project_id: string;
  readonly secret_type: string;
  readonly algorithm: string | null;
  readonly bit_length: number | null;
  readonly mode: string | null;
}

export function createSealedPayloadRotationRepository(db: Database): SealedPayloadRotationRepository {
  return guarded<SealedPayloadRotationRepository>({
    list: async (kek, wanted, { after, limit }) => {
      const rows = wantedRows(db, wanted)
        .where({ 'p.kek_id': kek })
        .join('secrets as s', 's.id', 'p.secret_id')
        .orderBy('p.secret_id')
        .limit(limit)
        .select('s.id', 's.project_id', 's.secret_type', 's.algorithm', 's.bit_length', 's.mode');
      if (after !== undefined) rows.where('p.secret_id', '>', after);
      return ((await rows) as HeaderRow[]).map(toHeader);
    },
    countAnyProject: async (keks, wanted) => {
      const rows = wantedRows(db, wanted).whereIn('p.kek_id', wantedKeks(db, keks).select('id'));
      const [row] = (await rows.count({ n: '*' })) as { n: number | string }[];
      return Number(row?.n ?? 0);
    },
    replace: async (secret, store, seen, { sealed, now, isResealed }) => {
      const replaced = await db
        .knex('sealed_payloads')
        .where({ secret_id: secret, store, kek_id: seen.kekId, blob: seen.blob })
        .update({
          kek_id: sealed.kekId,
          blob: sealed.blob,
          rewrapped_at: now,
          ...(isResealed ? { resealed_at: now } : {}),
        });
      return replaced === 1;
    },
  });
}

/** Of the layout (KBP1): the content suite, behind four bytes that are always the same. */
const CONTENT_SUITE = 'substr(p.blob, 5, 1)';

function wantedRows(db: Database, { before, contentSuite }: SealedWanted): Knex.QueryBuilder {
  const rows = db.knex('sealed_payloads as p');
  if (contentSuite !== undefined) rows.whereRaw(`${CONTENT_SUITE} = ?`, [Buffer.from([contentSuite])]);
  if (before === undefined) return rows;
  const { created, resealed } = before;
  return rows.where((old) => {
    old
      .where((never) => never.whereNull('p.resealed_at').where('p.created_at', '<', created))
      .orWhere('p.resealed_at', '<', resealed);
  });
}

function toHeader(row: HeaderRow): SecretHeader {
  return {
    id: secretId(row.id),
    projectId: projectId(row.project_id),
    secretType: row.secret_type as SecretType,
    algorithm: row.algorithm,
    bitLength: row.bit_length,
    mode: row.mode,
  };
}
