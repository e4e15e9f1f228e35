import { NotSupported } from '../errors.ts';
import type { SecretHeader } from '../model/secret.ts';
import type { SecretStore } from './secret-store.ts';

/** Refuses, before anything is written, what the store says it cannot hold; names the store and the constraint. */
export function requireCapable(
  store: Pick<SecretStore, 'name' | 'capabilities'>,
  { secretType }: Pick<SecretHeader, 'secretType'>,
  payloadSize: number,
): void {
  const { minPayloadBytes, maxPayloadBytes, secretTypes } = store.capabilities;
  if (!secretTypes.includes(secretType)) refuse(store.name, `secrets of type ${secretType}`);
  if (payloadSize < minPayloadBytes) refuse(store.name, 'a payload of no bytes');
  if (payloadSize > maxPayloadBytes) {
    refuse(store.name, `a payload of ${payloadSize} bytes (at most ${maxPayloadBytes})`);
  }
}

function refuse(store: string, what: string): never {
  throw new NotSupported(`the secret store "${store}" cannot hold ${what}`, { family: 'issue' });
}
