import { Conflict, NotFound } from '../../errors.ts';
import type { SecretId } from '../../model/ids.ts';
import type { Metadata } from '../../repositories/secret-metadata.ts';
import type { LoadedSecret } from '../../repositories/secret-targets.ts';
import type { Call, Reply } from '../route.ts';
import { secretRef } from '../secrets/present.ts';
import type { Services } from '../services.ts';
import type { Metadatum } from './schema.ts';

const idOf = (call: Call<LoadedSecret, unknown>): SecretId => call.found.target.secret.id;
const refOf = (call: Call<LoadedSecret, unknown>): string => `${secretRef(call.base, idOf(call))}/metadata`;
const missing = (): NotFound => new NotFound('Secret metadata not found.');

/** A PUT of one item names its key twice, in the path and in the body. */
export interface ItemChange {
  readonly pathKey: string;
  readonly item: Metadatum;
}

export async function getMetadata(services: Services, call: Call<LoadedSecret, unknown>): Promise<Reply> {
  return { status: 200, body: { metadata: await services.secretMetadata.list(idOf(call)) } };
}

export async function putMetadata(services: Services, call: Call<LoadedSecret, Metadata>): Promise<Reply> {
  await services.secretMetadata.replace(idOf(call), call.input);
  return { status: 201, body: { metadata_ref: refOf(call) } };
}

export async function postMetadatum(services: Services, call: Call<LoadedSecret, Metadatum>): Promise<Reply> {
  const { key, value } = call.input;
  const inserted = await services.secretMetadata.insert(idOf(call), key, value);
  if (!inserted) throw new Conflict('Conflict. Key in request is already in the secret metadata');
  return { status: 201, headers: { Location: `${refOf(call)}/${key}` }, body: { key, value } };
}

export async function getMetadatum(services: Services, call: Call<LoadedSecret, string>): Promise<Reply> {
  const value = await services.secretMetadata.find(idOf(call), call.input);
  if (value === undefined) throw missing();
  return { status: 200, body: { key: call.input, value } };
}

export async function putMetadatum(services: Services, call: Call<LoadedSecret, ItemChange>): Promise<Reply> {
  const { pathKey, item } = call.input;
  if (item.key !== pathKey) {
    throw new Conflict('Key in request data does not match key in the request url.');
  }
  const updated = await services.secretMetadata.update(idOf(call), item.key, item.value);
  if (!updated) throw missing();
  return { status: 200, body: { key: item.key, value: item.value } };
}

export async function removeMetadatum(services: Services, call: Call<LoadedSecret, string>): Promise<Reply> {
  await services.secretMetadata.remove(idOf(call), call.input);
  return { status: 204 };
}
