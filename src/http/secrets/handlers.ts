import { isUtf8 } from 'node:buffer';
import { BadRequest } from '../../errors.ts';
import type { Secret } from '../../model/secret.ts';
import { withinQuota } from '../../operations/quotas/within-quota.ts';
import { addPayload, requireNoPayload } from '../../operations/secrets/add-payload.ts';
import { createEmptySecret, createSecret } from '../../operations/secrets/create-secret.ts';
import { deleteSecret } from '../../operations/secrets/delete-secret.ts';
import { readPayload } from '../../operations/secrets/read-payload.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import { payloadType, requireExactPayloadType } from '../accept.ts';
import { pageLinks } from '../paging.ts';
import { placeFor } from '../placing.ts';
import type { Call, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import { draftSecret } from './draft.ts';
import type { ListSecrets } from './list-query.ts';
import { requireAnswerable, type PayloadWish } from './payload-wish.ts';
import { presentSecret, secretRef } from './present.ts';
import type { NewSecret } from './schema.ts';
import type { SecondStep } from './second-step.ts';
import { refuseWrapped } from './wrapped-payload.ts';

export async function postSecret(services: Services, call: Call<unknown, NewSecret>): Promise<Reply> {
  const draft = draftSecret(call);
  const created = { id: draft.id, projectId: draft.projectId };
  try {
    const place = { ...created, kind: 'secrets' } as const;
    const placed = await withinQuota(services, place, () => create(services, call, draft));
    const ref = secretRef(call.base, draft.id);
    return { status: 201, headers: { Location: ref }, body: { secret_ref: ref }, created, ...placed };
  } finally {
    call.input.payload?.bytes.wipe();
  }
}

/** The store that took the payload; null: there is none yet. */
async function create(
  services: Services,
  call: Call<unknown, NewSecret>,
  draft: Secret,
): Promise<Pick<Reply, 'store' | 'placedBy'>> {
  const payload = call.input.payload?.bytes;
  if (payload === undefined) {
    await createEmptySecret(services, draft);
    return { store: null };
  }
  await refuseWrapped(services, call.input.transportKeyId);
  const { store, placedBy } = await placeFor(services, call, draft, payload.size);
  await createSecret(services, { ...draft, store: store.name }, store, payload);
  return { store: store.name, placedBy };
}

export async function getSecrets(services: Services, call: Call<unknown, ListSecrets>): Promise<Reply> {
  const { query, sent } = call.input;
  const { secrets, total } = await services.secretLists.listAnyProject(call.decision.filter, query, call.now);
  const consumers =
    call.microversion >= 1
      ? await services.secretConsumers.listOf(secrets.map((secret) => secret.id))
      : undefined;
  const items = secrets.map((secret) =>
    presentSecret(secret, call.base, consumers && (consumers.get(secret.id) ?? [])),
  );
  const links = pageLinks(`${call.base}/v1/secrets`, sent, query, items.length, total);
  return { status: 200, body: { secrets: items, ...links, total } };
}

export async function getSecret(services: Services, call: Call<LoadedSecret, unknown>): Promise<Reply> {
  const { secret, consumers } = call.found.target;
  const listed = call.microversion >= 1 && consumers.count > 0;
  const registered = listed
    ? ((await services.secretConsumers.listOf([secret.id])).get(secret.id) ?? [])
    : [];
  return {
    status: 200,
    body: presentSecret(secret, call.base, call.microversion >= 1 ? registered : undefined),
  };
}

export async function getPayload(services: Services, call: Call<LoadedSecret, PayloadWish>): Promise<Reply> {
  const { secret } = call.found.target;
  requireAnswerable(secret, call.input);
  const payload = await readPayload(services, secret, call.found.sealed);
  const bytes = payload.bytes();
  const stored = secret.contentType ?? 'application/octet-stream';
  try {
    const type = payloadType(call.input.accept, stored, isUtf8(bytes));
    return bytes.length === 0 ? { status: 204 } : { status: 200, body: bytes, type };
  } catch (error) {
    payload.wipe();
    throw error;
  }
}

export async function getSecretAsPayload(
  services: Services,
  call: Call<LoadedSecret, PayloadWish>,
): Promise<Reply> {
  requireAnswerable(call.found.target.secret, call.input);
  requireExactPayloadType(call.input.accept);
  return getPayload(services, call);
}

export async function putPayload(services: Services, call: Call<LoadedSecret, SecondStep>): Promise<Reply> {
  const { secret } = call.found.target;
  requireNoPayload(secret);
  await refuseWrapped(services, call.input.transportKeyId);
  const payload = call.input.decode();
  try {
    const { store, placedBy } = await placeFor(services, call, secret, payload.size);
    await addPayload(services, secret, store, payload, call.input.contentType);
    return { status: 204, store: store.name, placedBy };
  } finally {
    payload.wipe();
  }
}

export interface Removal {
  /** Null: `force` was given, but says neither yes nor no. */
  readonly force: boolean | null;
  readonly guarded: boolean;
}

export async function removeSecret(services: Services, call: Call<LoadedSecret, Removal>): Promise<Reply> {
  const { secret, consumers } = call.found.target;
  const { force, guarded } = call.input;
  if (guarded && force === null) throw new BadRequest('URI provided invalid query string parameters.');
  if (guarded && force === false && consumers.count > 0) {
    throw new BadRequest('Secret cannot be deleted as it has consumers.', { family: 'issue' });
  }
  await deleteSecret(services, secret);
  return { status: 204 };
}
