import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKmipStore, kmipOptions, type KmipOptions } from '../../backends/kmip/index.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import type { KeyGenerator, SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import type { Address } from '../conformance/secret-store-outages.ts';

const ADDRESS = process.env['POSTERN_TEST_KMIP'];
const FOLDER = process.env['POSTERN_TEST_KMIP_TLS'];

/** Why there is no server to test against; undefined when there is one. */
export const absentKmip =
  ADDRESS === undefined || FOLDER === undefined
    ? 'POSTERN_TEST_KMIP and POSTERN_TEST_KMIP_TLS are not set (test/services/pykmip.sh env)'
    : undefined;

/** The certificates that test/services/pykmip.sh makes, by what is wrong with them. */
export type Client = 'client' | 'stranger' | 'expired' | 'foreign' | 'no-usage';

export function kmipAddress(): Address {
  const [host = '', port = ''] = (ADDRESS ?? '').split(':');
  return { host, port: Number(port) };
}

const pem = (file: string): string => readFileSync(join(FOLDER ?? '', file), 'utf8');

export function tlsOf(client: Client = 'client', authority = 'ca'): object {
  return { ca: pem(`${authority}.pem`), cert: pem(`${client}.pem`), key: pem(`${client}.key`) };
}

/** Each test its own objects: the server finds by name, and it keeps them over runs. */
export const ownNamespace = (): string => `test-${randomBytes(6).toString('hex')}`;

/** As a configuration would have it, checked by the schema. */
export function kmipConfig(changes: Readonly<Record<string, unknown>> = {}): KmipOptions {
  const { host, port } = kmipAddress();
  const own = { kind: 'kmip', name: 'appliance', host, port, tls: tlsOf(), namespace: ownNamespace() };
  return kmipOptions.parse({ ...own, ...changes });
}

export function openKmip(changes: Readonly<Record<string, unknown>> = {}): Promise<SecretStore> {
  return createKmipStore({ options: kmipConfig(changes), clockMs: Date.now });
}

/**
 * The same store; closing it destroys what was put or made through it. This server looks at every object there is for each
 * name, so what a run leaves slows down the next.
 */
export function leavingNothing(store: SecretStore): SecretStore {
  const left = new Map<StoreRef, SecretHeader>();
  const { generator } = store;
  return {
    ...store,
    put: async (secret, payload) => {
      const ref = await store.put(secret, payload);
      left.set(ref, secret);
      return ref;
    },
    ...(generator === undefined ? {} : { generator: noting(generator, left) }),
    close: async () => {
      for (const [ref, secret] of left) await store.destroy(secret, ref);
      await store.close();
    },
  };
}

function noting(generator: KeyGenerator, left: Map<StoreRef, SecretHeader>): KeyGenerator {
  return {
    ...generator,
    makeKey: async (secret, bits) => {
      const made = await generator.makeKey(secret, bits);
      left.set(made.ref, secret);
      return made;
    },
    makePair: async (pair, kind, bits) => {
      const made = await generator.makePair(pair, kind, bits);
      left.set(made.privateKey.ref, pair.privateKey).set(made.publicKey.ref, pair.publicKey);
      return made;
    },
  };
}
