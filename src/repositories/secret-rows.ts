import { kekId, projectId, secretId } from '../model/ids.ts';
import type { SealedPayload } from '../model/sealed-payload.ts';
import type { ContentType, Secret, SecretState, SecretType } from '../model/secret.ts';
import { timestamp } from '../model/timestamp.ts';

/** A row of `secrets`, as both databases return it. */
export interface SecretRow {
  readonly id: string;
  readonly project_id: string;
  readonly creator_id: string | null;
  readonly name: string | null;
  readonly secret_type: string;
  readonly algorithm: string | null;
  readonly bit_length: number | null;
  readonly mode: string | null;
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly state: string;
  readonly store: string | null;
  readonly store_ref: string | null;
  readonly content_type: string | null;
  readonly payload_size: number | null;
  readonly version: number;
}

export const SECRET_COLUMNS = [
  'id',
  'project_id',
  'creator_id',
  'name',
  'secret_type',
  'algorithm',
  'bit_length',
  'mode',
  'expires_at',
  'created_at',
  'updated_at',
  'state',
  'store',
  'store_ref',
  'content_type',
  'payload_size',
  'version',
] as const;

/** What a caller may see: rows still on their way in or out are nobody's business. */
export const VISIBLE = `secrets.state in ('active', 'filling')`;

export function toSecret(row: SecretRow): Secret {
  return {
    id: secretId(row.id),
    projectId: projectId(row.project_id),
    creatorId: row.creator_id,
    name: row.name,
    secretType: row.secret_type as SecretType,
    algorithm: row.algorithm,
    bitLength: row.bit_length,
    mode: row.mode,
    expiresAt: row.expires_at === null ? null : timestamp(row.expires_at),
    createdAt: timestamp(row.created_at),
    updatedAt: timestamp(row.updated_at),
    state: row.state as SecretState,
    store: row.store,
    storeRef: row.store_ref,
    contentType: row.content_type as ContentType | null,
    payloadSize: row.payload_size,
    version: row.version,
  };
}

export function toRow(secret: Secret): SecretRow {
  return {
    id: secret.id,
    project_id: secret.projectId,
    creator_id: secret.creatorId,
    name: secret.name,
    secret_type: secret.secretType,
    algorithm: secret.algorithm,
    bit_length: secret.bitLength,
    mode: secret.mode,
    expires_at: secret.expiresAt,
    created_at: secret.createdAt,
    updated_at: secret.updatedAt,
    state: secret.state,
    store: secret.store,
    store_ref: secret.storeRef,
    content_type: secret.contentType,
    payload_size: secret.payloadSize,
    version: secret.version,
  };
}

export interface SealedColumns {
  readonly kek_id: string | null;
  readonly blob: Buffer | null;
}

export function toSealed(row: SealedColumns): SealedPayload | undefined {
  return row.kek_id === null || row.blob === null ? undefined : { kekId: kekId(row.kek_id), blob: row.blob };
}
