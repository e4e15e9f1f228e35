import { IntegrityError } from '../../src/errors.ts';
import { isCanonicalUuid4, secretId, type SecretId } from '../../src/model/ids.ts';
import type { Payload } from '../../src/model/payload.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { requireCapable } from '../../src/stores/capabilities.ts';
import { storeRef, type SecretStore, type StoreCapabilities } from '../../src/stores/secret-store.ts';
import type { Turns } from '../../src/stores/turns.ts';
import { claimKey, holds } from './claims.ts';
import { keyId, type KeyId, type KeyRecord } from './key-record.ts';
import type { Kra } from './kra.ts';
import type { DogtagOptions } from './options.ts';
import { payloadOf } from './payload-form.ts';

export interface PayloadDeps extends Pick<DogtagOptions, 'name' | 'namespace'> {
  readonly capabilities: StoreCapabilities;
  readonly kra: Kra;
  readonly turns: Turns;
}

/**
 * Two stores on one KRA, and two brokers by their namespaces, keep out of each other's way. Only characters that mean
 * nothing in a directory's filters, and no capitals: the KRA looks for client key ids by one, which compares without case.
 */
export function clientKeyIdOf(
  { name, namespace }: Pick<DogtagOptions, 'name' | 'namespace'>,
  { id }: SecretHeader,
): string {
  return `${namespace}:${plain(name)}:${id}`;
}

/** Whose key it is; undefined for a key of another namespace or store, or none of a secret's. */
export function secretIdIn(
  { name, namespace }: Pick<DogtagOptions, 'name' | 'namespace'>,
  clientKeyId: string,
): SecretId | undefined {
  const start = `${namespace}:${plain(name)}:`;
  const id = clientKeyId.startsWith(start) ? clientKeyId.slice(start.length) : '';
  return isCanonicalUuid4(id) ? secretId(id) : undefined;
}

const plain = (text: string): string =>
  text.replaceAll(/[^a-z0-9._-]/gu, (sign) => `%${Buffer.from(sign).toString('hex')}`);

/** The ref is the KRA's id of the key; that the key is the secret's shows in its client key id. */
export function createPayloads(deps: PayloadDeps): Pick<SecretStore, 'put' | 'locate' | 'get' | 'destroy'> {
  const { kra, turns } = deps;
  return {
    put: async (secret, payload) => {
      requireCapable(deps, secret, payload.size);
      const clientKeyId = clientKeyIdOf(deps, secret);
      const bytes = payload.bytes();
      const archive = (): Promise<KeyId | undefined> => kra.archive(clientKeyId, bytes);
      const isSame = (key: KeyRecord): Promise<boolean> => holds(kra, key, bytes);
      return storeRef(await turns(clientKeyId, () => claimKey(kra, clientKeyId, archive, isSame)));
    },
    locate: async (secret) => {
      const [oldest] = await kra.listActive(clientKeyIdOf(deps, secret));
      return oldest && storeRef(oldest.id);
    },
    get: async (secret, ref) => {
      const id = keyId(ref);
      const key = id && (await kra.find(id));
      // An inactive key is destroyed for us, and the KRA would still give it out.
      if (key?.isActive !== true || key.clientKeyId !== clientKeyIdOf(deps, secret)) return undefined;
      return read(deps, secret, key.id);
    },
    destroy: async (secret, ref) => {
      const clientKeyId = clientKeyIdOf(deps, secret);
      await turns(clientKeyId, async () => {
        const ids: readonly string[] = (await kra.listActive(clientKeyId)).map(({ id }) => id);
        if (!ids.includes(ref)) return;
        // The one that the ref names goes last: as long as it is there, a repeated destroy finds the others.
        for (const id of [...ids.filter((other) => other !== ref), ref]) await kra.deactivate(id as KeyId);
      });
    },
  };
}

async function read(
  { kra, name }: PayloadDeps,
  secret: SecretHeader,
  id: KeyId,
): Promise<Payload | undefined> {
  try {
    const recovered = await kra.retrieve(id);
    return recovered && payloadOf(recovered);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    // Whoever is paged needs to know which one.
    const detail = `secret ${secret.id} in store "${name}", key ${id} of the KRA: ${error.detail ?? ''}`;
    throw new IntegrityError('', { detail, cause: error });
  }
}
