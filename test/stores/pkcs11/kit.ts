import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Payload } from '../../../src/model/payload.ts';
import type { SealedPayload } from '../../../src/model/sealed-payload.ts';
import type { SecretHeader } from '../../../src/model/secret.ts';
import type { Sealer, SecretStore } from '../../../src/stores/secret-store.ts';
import { aSecretHeader } from '../../helpers/secret-row.ts';

export const payload = (text: string | Buffer): Payload => Payload.copy(Buffer.from(text));

export function sealerOf(store: SecretStore): Sealer {
  if (store.sealer === undefined) throw new Error('the store does not seal');
  return store.sealer;
}

export interface Sealed {
  readonly secret: SecretHeader;
  readonly sealed: SealedPayload;
}

export async function sealOne(
  store: SecretStore,
  bytes: string | Buffer,
  secret = aSecretHeader(),
): Promise<Sealed> {
  return { secret, sealed: await sealerOf(store).seal(secret, payload(bytes)) };
}

export async function openOne(store: SecretStore, { secret, sealed }: Sealed): Promise<Buffer> {
  return (await sealerOf(store).open(secret, sealed)).bytes();
}

/** Of the process that has the token. */
export async function pidOf(store: SecretStore): Promise<number> {
  return (await store.health())['pid'] as number;
}

/** Milliseconds until `work` succeeds; fails when it does not within `limitMs`. */
export async function untilWell(work: () => Promise<unknown>, limitMs: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      await work();
      return performance.now() - began;
    } catch (error) {
      if (performance.now() - began > limitMs) throw error;
      await sleep(20);
    }
  }
}

/** All bytes of all files below. */
export function bytesBelow(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
}
