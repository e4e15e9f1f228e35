import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { createSimpleCryptoStore, type SimpleCryptoOptions } from '../../backends/simple-crypto/index.ts';
import { projectId, type ProjectId, type SecretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { RotationLevel, RotationSpec } from '../../src/model/rotation.ts';
import type { SecretHeader } from '../../src/model/secret.ts';
import { now, timestampFromMillis, toMillis } from '../../src/model/timestamp.ts';
import type { RotateDeps } from '../../src/operations/keys/rotate-deps.ts';
import { rotateKeys } from '../../src/operations/keys/rotate-keys.ts';
import type { RunRotationDeps } from '../../src/operations/keys/run-rotation.ts';
import type { Counts, Pace } from '../../src/operations/runs/work-through.ts';
import type { Database } from '../../src/repositories/database.ts';
import { createKekRotationRepository } from '../../src/repositories/kek-rotation.ts';
import { createKekRepository } from '../../src/repositories/keks.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import { createSealedPayloadRotationRepository } from '../../src/repositories/sealed-payload-rotation.ts';
import { createSealedPayloadRepository } from '../../src/repositories/sealed-payloads.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import { aSecretHeader, insertSecretRow } from '../helpers/secret-row.ts';

export type MasterKeys = SimpleCryptoOptions['master_keys'];
export const masterKey = (id: string): MasterKeys[number] => ({ id, key: createSecretKey(randomBytes(32)) });

/** A store, what rotates its keys, and a clock that goes on when the rotation waits. */
export interface Rotator {
  readonly store: SecretStore;
  readonly deps: RunRotationDeps;
  /** What was told of: failures, and waits in milliseconds. */
  readonly failures: string[];
  readonly waits: number[];
  /** Milliseconds by which its clock is ahead. */
  readonly skew: { ms: number };
  seal(project: ProjectId, count: number): Promise<readonly SecretHeader[]>;
  rotate(level: RotationLevel, changes?: Partial<RotationSpec>): Promise<Counts>;
  /** The payloads that do not come back as they were. */
  damaged(store?: SecretStore): Promise<readonly SecretId[]>;
  close(): Promise<void>;
}

export interface RotatorOptions {
  readonly name?: string;
  readonly masterKeys: MasterKeys;
  /** Called whenever the rotation waits. */
  readonly onWait?: () => Promise<unknown>;
  readonly pace?: Partial<Pace>;
  /** Shared by those who rotate the same store. */
  readonly payloads?: Map<SecretHeader, Buffer>;
}

export const aProject = (): ProjectId => projectId(randomUUID());

export async function createRotator(db: Database, options: RotatorOptions): Promise<Rotator> {
  const {
    name = `software-${randomUUID()}`,
    masterKeys,
    payloads = new Map<SecretHeader, Buffer>(),
  } = options;
  const keks = createKekRepository(db);
  const sealedPayloads = createSealedPayloadRepository(db);
  const store = await createSimpleCryptoStore({
    name,
    options: { master_keys: masterKeys },
    keks,
    sealedPayloads,
    clock: now,
  });
  const failures: string[] = [];
  const waits: number[] = [];
  const skew = { ms: 0 };
  const deps: RunRotationDeps = {
    store: { name, rotation: store.rotation! },
    keks,
    keksInRotation: createKekRotationRepository(db),
    sealedPayloads,
    sealedInRotation: createSealedPayloadRotationRepository(db),
    runs: createRunRepository(db),
    clock: () => timestampFromMillis(toMillis(now()) + skew.ms),
    pace: { concurrency: 4, signal: new AbortController().signal, ...options.pace },
    onProgress: () => undefined,
    onFailure: (what) => failures.push(what),
    wait: async (ms) => {
      waits.push(ms);
      await options.onWait?.();
      skew.ms += ms;
    },
  };
  return {
    store,
    deps,
    failures,
    waits,
    skew,
    seal: (project, count) => sealSome(db, store, { project, count, payloads }),
    rotate: (level, changes = {}) => rotateKeys(deps, aSpec(deps, level, changes)),
    damaged: async (from = store) => {
      const gone = [...payloads].map(async ([secret, bytes]) => {
        const ref = await from.locate(secret);
        const payload = ref && (await from.get(secret, ref).catch(() => undefined));
        return payload?.bytes().equals(bytes) === true ? [] : [secret.id];
      });
      return (await Promise.all(gone)).flat();
    },
    close: () => store.close(),
  };
}

export const aSpec = (
  { store }: Pick<RotateDeps, 'store'>,
  level: RotationLevel,
  changes: Partial<RotationSpec> = {},
): RotationSpec => ({
  store: store.name,
  level,
  since: now(),
  from: [],
  to: store.rotation.masterKeys[0],
  ...changes,
});

interface Wanted {
  readonly project: ProjectId;
  readonly count: number;
  readonly payloads: Map<SecretHeader, Buffer>;
}

async function sealSome(
  db: Database,
  store: SecretStore,
  { project, count, payloads }: Wanted,
): Promise<readonly SecretHeader[]> {
  const sealed = Array.from({ length: count }, async () => {
    const secret = aSecretHeader({ projectId: project });
    const bytes = randomBytes(1 + (randomBytes(1)[0] as number));
    await insertSecretRow(db, secret);
    await store.put(secret, Payload.copy(bytes));
    payloads.set(secret, bytes);
    return secret;
  });
  return Promise.all(sealed);
}
