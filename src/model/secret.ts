import type { ProjectId, SecretId } from './ids.ts';
import type { Timestamp } from './timestamp.ts';

export const SECRET_TYPES = [
  'symmetric',
  'passphrase',
  'private',
  'public',
  'certificate',
  'opaque',
] as const;
export type SecretType = (typeof SECRET_TYPES)[number];

export const CONTENT_TYPES = ['text/plain', 'application/octet-stream', 'application/pkcs8'] as const;
/** Of the payload, normalised (no parameters). */
export type ContentType = (typeof CONTENT_TYPES)[number];

/**
 * `pending`: the row waits for its store to acknowledge the payload, nobody sees it. `filling`: visible without payload
 * while a second-step payload is on its way to the store. `destroying`: invisible, its payload is being destroyed.
 */
export type SecretState = 'pending' | 'active' | 'filling' | 'destroying';

/** What a store may know of a secret besides its bytes. */
export interface SecretHeader {
  readonly id: SecretId;
  readonly projectId: ProjectId;
  readonly secretType: SecretType;
  readonly algorithm: string | null;
  readonly bitLength: number | null;
  readonly mode: string | null;
}

export interface Secret extends SecretHeader {
  readonly creatorId: string | null;
  readonly name: string | null;
  readonly expiresAt: Timestamp | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly state: SecretState;
  /** Name of the configured store that holds the payload; null while there is none. */
  readonly store: string | null;
  /** The store's own reference to the payload, opaque to everyone else. */
  readonly storeRef: string | null;
  /** Null exactly when no payload is stored. */
  readonly contentType: ContentType | null;
  /** In bytes, null without payload. */
  readonly payloadSize: number | null;
  /** Grows with every change of the row; an update names the version it saw. */
  readonly version: number;
}
