import { randomUUID } from 'node:crypto';
import { NotFound } from '../../errors.ts';
import { isCanonicalUuid4 } from '../../model/ids.ts';
import type { Timestamp } from '../../model/timestamp.ts';
import type { TransportKey } from '../../repositories/transport-keys.ts';
import { presentTime } from '../iso-time.ts';
import { pageLinks } from '../paging.ts';
import type { Call, Lookup, Reply } from '../route.ts';
import type { Services } from '../services.ts';
import type { ListTransportKeys, NewTransportKey } from './schema.ts';

export const TRANSPORT_KEY_MISSING = 'Not Found. Transport Key not found.';

const refTo = (base: string, id: string): string => `${base}/v1/transport_keys/${id}`;

/** The key a path addresses. */
export async function findTransportKey(services: Services, { params }: Lookup): Promise<TransportKey> {
  const id = params['id'] ?? '';
  if (!isCanonicalUuid4(id)) throw new NotFound('Not Found. Provided transport key id is invalid.');
  const key = await services.transportKeys.find(id);
  if (key === undefined) throw new NotFound(TRANSPORT_KEY_MISSING);
  return key;
}

export async function getTransportKeys(
  services: Services,
  { base, input }: Call<unknown, ListTransportKeys>,
): Promise<Reply> {
  const { page, pluginName, sent } = input;
  const { ids, total } = await services.transportKeys.listIds({ pluginName, ...page });
  const links = pageLinks(`${base}/v1/transport_keys`, sent, page, ids.length, total);
  return { status: 200, body: { transport_keys: ids.map((id) => refTo(base, id)), ...links, total } };
}

export async function postTransportKey(
  services: Services,
  { base, input, now, projectId }: Call<unknown, NewTransportKey>,
): Promise<Reply> {
  const id = randomUUID();
  await services.transportKeys.insert({ ...input, id, createdAt: now, updatedAt: now });
  const ref = refTo(base, id);
  const created = { id, projectId };
  return { status: 201, headers: { Location: ref }, body: { transport_key_ref: ref }, created };
}

/** The original's database row as it stands. */
export function getTransportKey(_services: Services, { found }: Call<TransportKey, unknown>): Promise<Reply> {
  const body = {
    created_at: rowTime(found.createdAt),
    deleted_at: null,
    status: 'ACTIVE',
    transport_key: found.transportKey,
    deleted: false,
    id: found.id,
    updated_at: rowTime(found.updatedAt),
    plugin_name: found.pluginName,
  };
  return Promise.resolve({ status: 200, body });
}

/** Unlike every other time of the API: a space in place of the T. */
const rowTime = (time: Timestamp): string => presentTime(time).replace('T', ' ');

export async function removeTransportKey(
  services: Services,
  { found }: Call<TransportKey, unknown>,
): Promise<Reply> {
  if (!(await services.transportKeys.remove(found.id))) throw new NotFound(TRANSPORT_KEY_MISSING);
  return { status: 204 };
}
