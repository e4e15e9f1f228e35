import { randomUUID } from 'node:crypto';
import { createMemoryStore } from '../../backends/memory/index.ts';
import { createLog } from '../../src/log.ts';
import { projectId, secretId } from '../../src/model/ids.ts';
import type { MoveSpec, Receipt } from '../../src/model/move.ts';
import { Payload } from '../../src/model/payload.ts';
import { runId, type Run } from '../../src/model/run.ts';
import type { Secret } from '../../src/model/secret.ts';
import { now } from '../../src/model/timestamp.ts';
import type { SweepDeps } from '../../src/jobs/sweep.ts';
import type { RunMoveDeps } from '../../src/operations/moves/run-move.ts';
import { createSecret } from '../../src/operations/secrets/create-secret.ts';
import { createMovableSecretRepository } from '../../src/repositories/movable-secrets.ts';
import { createMoveReceiptRepository } from '../../src/repositories/move-receipts.ts';
import { createRunRepository } from '../../src/repositories/runs.ts';
import { createSecretRepository } from '../../src/repositories/secrets.ts';
import { createStoreRegistry } from '../../src/stores/registry.ts';
import type { SecretStore } from '../../src/stores/secret-store.ts';
import type { TestDatabase } from '../helpers/databases.ts';

export const PROJECT = projectId('p-1');

/** Stores `a`, `b` and `c`, which forget with the process, and all that moves secrets between them. */
export interface Mover {
  readonly deps: RunMoveDeps & SweepDeps;
  readonly stores: Readonly<Record<'a' | 'b' | 'c', SecretStore>>;
  /** Secrets at `a`, each with a payload of its own. */
  fill(count: number): Promise<readonly Secret[]>;
  begin(spec?: Partial<MoveSpec>): Promise<Run>;
  /** Every receipt of the run. */
  receiptsOf(run: Run): Promise<readonly Receipt[]>;
  /** Names of the stores that hold a copy. */
  holdersOf(secret: Secret): Promise<readonly string[]>;
}

export const payloadText = ({ id }: Secret): string => `the payload of ${id}`;

export function createMover(db: TestDatabase, signal = new AbortController().signal): Mover {
  const stores = { a: createMemoryStore('a'), b: createMemoryStore('b'), c: createMemoryStore('c') };
  const secrets = createSecretRepository(db);
  const deps: Mover['deps'] = {
    secrets,
    receipts: createMoveReceiptRepository(db),
    runs: createRunRepository(db),
    movable: createMovableSecretRepository(db),
    stores: createStoreRegistry(Object.values(stores), 'a'),
    clock: now,
    pace: { concurrency: 4, signal },
    settleMs: 0,
    onProgress: () => undefined,
    log: createLog('error', () => undefined),
  };
  return {
    deps,
    stores,
    fill: (count) => Promise.all(Array.from({ length: count }, () => create(deps, stores.a))),
    begin: (spec = {}) => {
      const whole: MoveSpec = { to: 'b', project: PROJECT, keep: false, ...spec };
      return deps.runs.insert({ id: runId(`mov-${randomUUID()}`), kind: 'move', spec: { ...whole } }, now());
    },
    receiptsOf: (run) =>
      deps.receipts.listOfRun(
        run.id,
        ['copying', 'moved', 'destroying', 'returned', 'abandoning', 'done', 'undone', 'abandoned', 'failed'],
        undefined,
        1_000,
      ),
    holdersOf: async (secret) => {
      const located = await Promise.all(Object.values(stores).map((store) => store.locate(secret)));
      return Object.keys(stores).filter((_, index) => located[index] !== undefined);
    },
  };
}

async function create(deps: Mover['deps'], store: SecretStore): Promise<Secret> {
  const at = now();
  const draft: Secret = {
    id: secretId(randomUUID()),
    projectId: PROJECT,
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
    store: store.name,
    storeRef: null,
    contentType: 'text/plain',
    payloadSize: 0,
    version: 1,
  };
  const payload = Payload.copy(Buffer.from(payloadText(draft)));
  return createSecret(deps, { ...draft, payloadSize: payload.size }, store, payload);
}
