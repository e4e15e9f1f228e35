import { randomUUID } from 'node:crypto';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { createLog, type Log } from '../../src/log.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import { Payload } from '../../src/model/payload.ts';
import type { Secret, SecretHeader } from '../../src/model/secret.ts';
import { now, timestampFromMillis } from '../../src/model/timestamp.ts';
import { collectGarbage, type StoreGarbage, type Wishes } from '../../src/operations/gc/collect-garbage.ts';
import type { ClearStoreDeps } from '../../src/operations/gc/clear-store.ts';
import type { DeleteExpiredDeps } from '../../src/operations/gc/delete-expired.ts';
import { createEmptySecret, createSecret } from '../../src/operations/secrets/create-secret.ts';
import { createGarbageRepository, type GarbageRepository } from '../../src/repositories/garbage.ts';
import {
  createMoveReceiptRepository,
  type MoveReceiptRepository,
} from '../../src/repositories/move-receipts.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import {
  createSecretConsumerRepository,
  type SecretConsumerRepository,
} from '../../src/repositories/secret-consumers.ts';
import { createSecretRepository } from '../../src/repositories/secrets.ts';
import type { SweepDeps } from '../../src/jobs/sweep.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore, StoreRef } from '../../src/stores/secret-store.ts';
import type { TestDatabase } from '../helpers/databases.ts';
import { aSecretHeader } from '../helpers/secret-row.ts';

export interface GcDeps extends ClearStoreDeps, DeleteExpiredDeps, SweepDeps {
  readonly garbage: GarbageRepository;
  readonly receipts: MoveReceiptRepository;
  readonly secretConsumers: SecretConsumerRepository;
}

/** Stores of a database, and what may lie about in them. */
export interface Place {
  readonly deps: GcDeps;
  readonly logged: string[];
  /** A secret as the API makes it. */
  create(store: SecretStore, changes?: Partial<Secret>): Promise<Secret>;
  /** One whose payload has not come. */
  createEmpty(): Promise<Secret>;
  /** What a crash leaves: a payload without a row. */
  leave(store: SecretStore, header?: SecretHeader): Promise<SecretHeader>;
  collect(store: SecretStore, wishes?: Partial<Wishes>): Promise<StoreGarbage>;
  row(id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

export const payloadText = ({ id }: Pick<SecretHeader, 'id'>): string => `the payload of ${id}`;
const payloadOf = (secret: SecretHeader): Payload => Payload.copy(Buffer.from(payloadText(secret)));

/** What `collectGarbage` counted, without its words. */
export const found = ({ objects, orphans, copies, underWay, cleared }: StoreGarbage): object => ({
  objects,
  orphans,
  copies,
  underWay,
  destroyed: cleared.done,
  kept: cleared.skipped,
  failed: cleared.failed,
});

export const memoryStores = (): readonly [SecretStore, SecretStore] => [
  createMemoryStore('a'),
  createMemoryStore('b'),
];

export function createPlace(
  db: TestDatabase,
  stores: readonly SecretStore[],
  signal = new AbortController().signal,
): Place {
  const logged: string[] = [];
  const log: Log = createLog('info', (line) => logged.push(line));
  const secrets = createSecretRepository(db);
  const deps: GcDeps = {
    secrets,
    receipts: createMoveReceiptRepository(db),
    runs: createRunRepository(db),
    garbage: createGarbageRepository(db),
    secretConsumers: createSecretConsumerRepository(db),
    stores: createStoreRegistry(stores, stores[0]?.name ?? ''),
    log,
    clock: now,
    pace: { concurrency: 4, signal },
  };
  return {
    deps,
    logged,
    create: (store, changes = {}) => {
      const secret = draft(store.name, changes);
      return createSecret(deps, secret, store, payloadOf(secret));
    },
    createEmpty: () =>
      createEmptySecret(deps, { ...draft(null), state: 'active', contentType: null, payloadSize: null }),
    leave: async (store, header = aSecretHeader()) => {
      await store.put(header, payloadOf(header));
      return header;
    },
    collect: (store, wishes = {}) => collectGarbage(deps, store, { destroy: true, atMost: 1_000, ...wishes }),
    row: (id) => db.knex('secrets').where({ id }).first() as Promise<Record<string, unknown> | undefined>,
  };
}

function draft(store: string | null, changes: Partial<Secret> = {}): Secret {
  const at = now();
  return {
    id: secretId(randomUUID()),
    projectId: projectId('p-1'),
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    creatorId: null,
    name: null,
    expiresAt: null,
    createdAt: at,
    updatedAt: at,
    state: 'pending',
    store,
    storeRef: null,
    contentType: 'text/plain',
    payloadSize: 10,
    version: 1,
    ...changes,
  };
}

export const daysAgo = (days: number) => timestampFromMillis(Date.now() - days * 86_400_000);

/** What the store gives for the row's ref. */
export async function textAt(store: SecretStore, secret: Secret): Promise<string | undefined> {
  const payload = await store.get(secret, secret.storeRef as StoreRef);
  return payload?.bytes().toString();
}
