import { randomUUID } from 'node:crypto';
import { secretId } from '../../model/ids.ts';
import type { Secret } from '../../model/secret.ts';
import type { NewSecretTarget } from '../../model/target.ts';
import type { Call } from '../route.ts';
import type { NewSecret } from './schema.ts';

/** The record a create request asks for; where its payload goes is decided later. */
export function draftSecret({ input, identity, projectId, now }: Call<unknown, NewSecret>): Secret {
  return {
    id: secretId(randomUUID()),
    projectId,
    creatorId: identity.principal.user.id,
    name: input.name,
    secretType: input.secretType,
    algorithm: input.algorithm,
    bitLength: input.bitLength,
    mode: input.mode,
    expiresAt: input.expiresAt,
    createdAt: now,
    updatedAt: now,
    state: 'active',
    store: null,
    storeRef: null,
    contentType: input.payload?.contentType ?? null,
    payloadSize: input.payload?.bytes.size ?? null,
    version: 1,
  };
}

/** What the policy sees of a secret that does not exist yet: null if the body could not be read. */
export function newSecretTarget(input: NewSecret | undefined): NewSecretTarget {
  if (input === undefined) return { type: 'new-secret', attributes: null };
  const { name, secretType, algorithm, bitLength, mode, expiresAt, payload } = input;
  return {
    type: 'new-secret',
    attributes: {
      name,
      secretType,
      algorithm,
      bitLength,
      mode,
      expiresAt,
      payloadContentType: payload?.contentType ?? null,
      payloadSize: payload?.bytes.size ?? null,
    },
  };
}
