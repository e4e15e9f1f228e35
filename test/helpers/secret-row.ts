import { randomUUID } from 'node:crypto';
import { projectId, secretId } from '../../src/model/ids.ts';
import type { Secret, SecretHeader } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import type { Database } from '../../src/repositories/database.ts';
import { createSecretRepository } from '../../src/repositories/secrets.ts';

/** A header as a store sees it, of a secret and a project nobody else has. */
export function aSecretHeader(changes: Partial<SecretHeader> = {}): SecretHeader {
  return {
    id: secretId(randomUUID()),
    projectId: projectId(randomUUID().replaceAll('-', '')),
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    ...changes,
  };
}

/** The row that sealed payloads hang on. */
export async function insertSecretRow(db: Database, header: SecretHeader): Promise<void> {
  const at = now();
  const secret: Secret = {
    ...header,
    creatorId: null,
    name: null,
    expiresAt: null,
    createdAt: at,
    updatedAt: at,
    state: 'pending',
    store: null,
    storeRef: null,
    contentType: null,
    payloadSize: null,
    version: 1,
  };
  await createSecretRepository(db).insertPending(secret);
}
